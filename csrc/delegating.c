/* Generators that wait for the one that they delegate to, without being run. */
#include "walk.h"

/* The SEND of the `yield from` or `await` that a generator is suspended in, or -1: the
 * compiler makes SEND, YIELD_VALUE, RESUME and a jump back to it (compile.c,
 * compiler_add_yield_from). */
static int delegating_unit(gf_frame *f, const gf_code_info *info)
{
    int oparg, unit = gf_yielded_unit(f);
    if (unit < 0 || info->depth[unit] < 0 || gf_kind_at(info, unit) != GF_OP_YIELD) {
        return -1;
    }
    int resume = gf_last_unit(info, unit) + 1;
    int jump = resume < info->units ? gf_last_unit(info, resume) + 1 : info->units;
    if (jump >= info->units || info->depth[jump] < 0
        || gf_op_jump(gf_op_at(info, jump, &oparg)) >= 0) {
        return -1;
    }
    int target = gf_last_unit(info, jump) + 1 - oparg;
    int is_send = target >= 0 && info->depth[target] >= 0
                  && gf_kind_at(info, target) == GF_OP_SEND;
    return is_send ? target : -1;
}

/* throw() of a generator that waits in `yield from` goes on in the one inside without it
 * (genobject.c, _gen_throw), but links its frame. What the one inside gives or raises, it
 * would give to SEND too, where it is awaited from then on. */
int gf_place_delegating(gf_step *s, gf_inner inner, const gf_code_info *info)
{
    if (!gf_is_generator(s->frame) || inner.frame == NULL
        || !gf_is_generator(inner.frame)) {
        return 0;
    }
    int send = delegating_unit(s->frame, info);
    if (send < 0) {
        return 0;
    }
    int receiver =
        gf_code(s->frame)->co_nlocalsplus + info->depth[send] - 1 - GF_ITERATOR_DEPTH;
    if (gf_peek(s->frame, receiver) != inner.object) {
        return 0;
    }
    s->pending = send;
    s->silent = 1;
    s->boundary.delivery = GF_SEND;
    s->nstack = gf_kept_for(info, send, GF_SEND);
    return 1;
}
