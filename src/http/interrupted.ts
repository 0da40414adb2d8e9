import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { CSRF_FIELD } from './csrf.ts'
import type { Kept } from './flash.ts'
import { formPage } from './form-page.ts'
import type { SealedCookies } from './sealed-cookie.ts'

/** The hidden field of the confirm page that names the act. */
export const RESUME_FIELD = 'resume'
/** Seconds in which the person has to sign in again and confirm. */
const TTL = 900
const PURPOSE = 'interrupted act'

/** Whose an act is: a person in one session of theirs. */
export interface Owner {
  accountId: string
  uid: string
}

export type OwnerOf = (request: FastifyRequest, reply: FastifyReply) => Promise<Owner | undefined>

const actSchema = z.object({
  owner: z.object({ accountId: z.string(), uid: z.string() }),
  /** Where the form was posted. */
  action: z.string(),
  fields: z.record(z.string(), z.string()),
  /** Completes “You are about to …”. */
  words: z.string(),
  /** The page that the form stands on. */
  page: z.string(),
})
export type InterruptedAct = z.infer<typeof actSchema>

const unknownAct = () =>
  new AppError(
    'act_gone',
    410,
    'This was done already, or was not confirmed in time. Look here whether it is done.',
  )

/**
 * An act that has to wait for a fresh sign-in: sealed, with all that was typed, on the server; bound to the person and
 * their session; offered again on a page of its own once they have signed in; done once.
 *
 *   form ─► not fresh: ask ─► /login?again=1 ─► /confirm/:id (in words, one button) ─► the form's own route, with its fields
 */
export function createInterrupted({ kept, sealed }: { kept: Kept; sealed: SealedCookies }) {
  async function find(id: string, owner: Owner | undefined): Promise<InterruptedAct | undefined> {
    if (!/^[\w-]{32}$/.test(id) || owner === undefined) return undefined
    const act = sealed.open(PURPOSE, await kept.find(id), actSchema)
    return act?.owner.accountId === owner.accountId && act.owner.uid === owner.uid ? act : undefined
  }

  return {
    find,
    take: (id: string): Promise<boolean> => kept.take(id),

    /** Puts the act of this form aside. Its token must have been checked. @returns where to sign in for it */
    async ask(request: FastifyRequest, { accountId, uid }: Owner, words: string): Promise<string> {
      const {
        [CSRF_FIELD]: _token,
        [RESUME_FIELD]: _resume,
        ...fields
      } = request.body as Record<string, string>
      const id = randomBytes(24).toString('base64url')
      const page = formPage(request) ?? '/account'
      const act: InterruptedAct = { owner: { accountId, uid }, action: request.url, fields, words, page }
      await kept.put(id, sealed.seal(PURPOSE, act, TTL), TTL)
      return `/login?again=1&return_to=${encodeURIComponent(`/confirm/${id}`)}`
    },
  }
}

export type Interrupted = ReturnType<typeof createInterrupted>

/**
 * Lets the forms of a context be sent again from the confirm page: instead of its fields that form names the act, whose
 * fields are put in their place behind all checks of the form itself.
 * @param ownerOf the person of a request
 */
export function resumeForms(app: FastifyInstance, interrupted: Interrupted, ownerOf: OwnerOf): void {
  const resumed = new WeakMap<FastifyRequest, string>()

  app.addHook('preValidation', async (request, reply) => {
    const sent = request.body as Record<string, string> | undefined
    const id = sent?.[RESUME_FIELD]
    if (request.method !== 'POST' || id === undefined) return
    const act = await interrupted.find(id, await ownerOf(request, reply))
    if (act?.action !== request.url) throw unknownAct()
    resumed.set(request, id)
    request.body = { ...act.fields, [CSRF_FIELD]: sent?.[CSRF_FIELD] }
  })

  app.addHook('onRoute', (route) => {
    if (route.method !== 'POST') return
    const { handler } = route
    route.handler = async function (request, reply) {
      const id = resumed.get(request)
      if (id !== undefined && !(await interrupted.take(id))) throw unknownAct()
      return handler.call(this, request, reply)
    }
  })
}
