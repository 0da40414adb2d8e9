import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'
import type { SealedCookies } from '../cookies/sealed-cookie.ts'
import { CSRF_FIELD } from './csrf.ts'
import type { Kept } from './flash.ts'
import { formPage, setFormPage } from './page.ts'

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
export type InterruptedRequest = z.infer<typeof actSchema>

/** As it is kept. */
export type FoundRequest = InterruptedRequest & { id: string; sealed: string }

/** What is sent from the confirm page: the form as the browser sent it, and the act that it names, if there is one. */
const resumed = new WeakMap<FastifyRequest, { sent: object; act: FoundRequest | undefined }>()

/** The fields of a form as the browser sent them, though an act's fields are in their place. */
export const sentBody = (request: FastifyRequest): unknown => resumed.get(request)?.sent ?? request.body

const unknownAct = () =>
  new AppError(
    'act_gone',
    410,
    'This was done already, or was not confirmed in time. Look here whether it is done.',
  )

const newId = () => randomBytes(24).toString('base64url')

const isGone = (request: FastifyRequest): boolean =>
  resumed.has(request) && resumed.get(request)?.act === undefined

/** Whether what failed may go well another time. */
const isPassing = (error: unknown): boolean =>
  !(error instanceof AppError) || error.status >= 500 || error.status === 429

/**
 * An act that has to wait for a fresh sign-in: sealed, with all that was typed, on the server; bound to the person and
 * their session; offered again on a page of its own once they have signed in; done once.
 *
 *   form ─► not fresh: ask ─► /login?again=1 ─► /confirm/:id (in words, one button) ─► the form's own route, with its fields
 */
export function createInterrupted({ kept, sealed }: { kept: Kept; sealed: SealedCookies }) {
  async function look(id: string): Promise<FoundRequest | undefined> {
    const text = /^[\w-]{32}$/.test(id) ? await kept.find(id) : undefined
    const act = sealed.open(PURPOSE, text, actSchema)
    return text === undefined || act === undefined ? undefined : { ...act, id, sealed: text }
  }

  async function find(id: string, owner: Owner | undefined): Promise<FoundRequest | undefined> {
    const act = owner && (await look(id))
    return act?.owner.accountId === owner?.accountId && act?.owner.uid === owner?.uid ? act : undefined
  }

  return {
    find,
    /** Whether another account began it, which waits still. */
    isOfAnother: async (id: string, { accountId }: Owner): Promise<boolean> =>
      ((await look(id))?.owner.accountId ?? accountId) !== accountId,
    take: ({ id }: FoundRequest): Promise<boolean> => kept.take(id),
    /** After `take`: it was not done. It ends when it would have ended. @returns its new id: what is taken stays taken */
    async putBack({ sealed: text }: FoundRequest): Promise<string> {
      const id = newId()
      await kept.put(id, text, TTL)
      return id
    },

    /** Puts the act of this form aside. Its token must have been checked. @returns where to sign in for it */
    async ask(request: FastifyRequest, { accountId, uid }: Owner, words: string): Promise<string> {
      if (isGone(request)) throw unknownAct()
      const {
        [CSRF_FIELD]: _token,
        [RESUME_FIELD]: _resume,
        ...fields
      } = request.body as Record<string, string>
      const id = newId()
      const page = formPage(request) ?? '/account'
      const act: InterruptedRequest = { owner: { accountId, uid }, action: request.url, fields, words, page }
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
  app.addHook('preValidation', async (request, reply) => {
    const sent = request.body as Record<string, string> | undefined
    const id = sent?.[RESUME_FIELD]
    if (request.method !== 'POST' || sent === undefined || id === undefined) return
    const act = await interrupted.find(id, await ownerOf(request, reply))
    if (act !== undefined && act.action !== request.url) throw unknownAct()
    // One that is gone is refused where the act would be done: it may be the second press of a button, and gets the
    // answer to the first one (same-form-twice.ts).
    resumed.set(request, { sent, act })
    request.body = { ...act?.fields, [CSRF_FIELD]: sent[CSRF_FIELD] }
  })

  app.addHook('onRoute', (route) => {
    if (route.method !== 'POST') return
    const { handler } = route
    route.handler = async function (request, reply) {
      if (!resumed.has(request)) return handler.call(this, request, reply)
      const act = resumed.get(request)?.act
      if (act === undefined || !(await interrupted.take(act))) throw unknownAct()
      try {
        return await handler.call(this, request, reply)
      } catch (error) {
        if (isPassing(error)) await offerAgain(request, act)
        throw error
      }
    }
  })

  async function offerAgain(request: FastifyRequest, act: FoundRequest): Promise<void> {
    try {
      setFormPage(request, `/confirm/${await interrupted.putBack(act)}`)
    } catch (error) {
      request.log.warn({ err: error }, 'an act that failed could not be kept')
    }
  }
}
