"""The same job by others: LangGraph and DBOS, each with SQLite."""
