import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import type { SealedCookies } from '../cookies/sealed-cookie.ts'
import { CSRF_FIELD } from './csrf.ts'
import type { Kept } from './flash.ts'
import { formPage, setFormPage } from './page.ts'

/** The hidden field of the confirm page that names the interrupted request. */
export const RESUME_FIELD = 'resume'
/** Seconds in which the person has to sign in again and confirm. */
const TTL = 900
const PURPOSE = 'interrupted act'

/** Who sent an interrupted request: a person, in one session of theirs. */
export interface Owner {
  accountId: string
  uid: string
}

export type OwnerOf = (request: FastifyRequest, reply: FastifyReply) => Promise<Owner | undefined>

const requestSchema = z.object({
  owner: z.object({ accountId: z.string(), uid: z.string() }),
  /** Where the form was posted. */
  action: z.string(),
  fields: z.record(z.string(), z.string()),
  /** Completes “You are about to …”. */
  words: z.string(),
  /** The page that the form stands on. */
  page: z.string(),
})
export type InterruptedRequest = z.infer<typeof requestSchema>

/** As it is kept. */
export type FoundRequest = InterruptedRequest & { id: string; sealed: string }

/** What is sent from the confirm page: the form as the browser sent it, and the interrupted request that it names, if there is one. */
const resumed = new WeakMap<FastifyRequest, { sent: object; found: FoundRequest | undefined }>()

/** The fields of a form as the browser sent them, though those of an interrupted request are in their place. */
export const sentBody = (request: FastifyRequest): unknown => resumed.get(request)?.sent ?? request.body

const requestGone = () => new AppError('act_gone', 410, message('confirm.gone'))

const newId = () => randomBytes(24).toString('base64url')

const isGone = (request: FastifyRequest): boolean =>
  resumed.has(request) && resumed.get(request)?.found === undefined

/** Whether what failed may go well another time. */
const isPassing = (error: unknown): boolean =>
  !(error instanceof AppError) || error.status >= 500 || error.status === 429

/**
 * Requests that have to wait for a fresh sign-in: sealed, with all that was typed, on the server; bound to the person and
 * their session; offered again on a page of its own once they have signed in; done once.
 *
 *   form ─► not fresh: ask ─► /login?again=1 ─► /confirm/:id (in words, one button) ─► the form's own route, with its fields
 */
export interface Interrupted {
  /** Undefined: there is none of this owner, or it was done or is too old. */
  find(id: string, owner: Owner | undefined): Promise<FoundRequest | undefined>
  /** Whether another account sent it, for which it waits still. */
  isOfAnother(id: string, owner: Owner): Promise<boolean>
  /** Uses it up; true for exactly one caller. */
  take(found: FoundRequest): Promise<boolean>
  /** After `take`: it was not done. It ends when it would have ended. @returns its new id: what is taken stays taken */
  putBack(found: FoundRequest): Promise<string>
  /**
   * Puts this form aside. Its CSRF token must have been checked.
   * @param words completes “You are about to …”
   * @returns where to sign in for it
   * @throws AppError act_gone (410) for a form that was put aside before, and is gone
   */
  ask(request: FastifyRequest, owner: Owner, words: string): Promise<string>
}

export function createInterrupted({ kept, sealed }: { kept: Kept; sealed: SealedCookies }): Interrupted {
  async function look(id: string): Promise<FoundRequest | undefined> {
    const text = /^[\w-]{32}$/.test(id) ? await kept.find(id) : undefined
    const request = sealed.open(PURPOSE, text, requestSchema)
    return text === undefined || request === undefined ? undefined : { ...request, id, sealed: text }
  }

  return {
    async find(id, owner) {
      const found = owner && (await look(id))
      return found?.owner.accountId === owner?.accountId && found?.owner.uid === owner?.uid
        ? found
        : undefined
    },
    isOfAnother: async (id, { accountId }) => ((await look(id))?.owner.accountId ?? accountId) !== accountId,
    take: ({ id }) => kept.take(id),
    async putBack({ sealed: text }) {
      const id = newId()
      await kept.put(id, text, TTL)
      return id
    },

    async ask(request, { accountId, uid }, words) {
      if (isGone(request)) throw requestGone()
      const {
        [CSRF_FIELD]: _token,
        [RESUME_FIELD]: _resume,
        ...fields
      } = request.body as Record<string, string>
      const id = newId()
      const page = formPage(request) ?? '/account'
      const interrupted: InterruptedRequest = {
        owner: { accountId, uid },
        action: request.url,
        fields,
        words,
        page,
      }
      await kept.put(id, sealed.seal(PURPOSE, interrupted, TTL), TTL)
      return `/login?again=1&return_to=${encodeURIComponent(`/confirm/${id}`)}`
    },
  }
}

/**
 * Lets the forms of a context be sent again from the confirm page: instead of its fields that form names the interrupted request, whose
 * fields are put in their place behind all checks of the form itself.
 * @param ownerOf the person of a request
 */
export function resumeForms(app: FastifyInstance, interrupted: Interrupted, ownerOf: OwnerOf): void {
  app.addHook('preValidation', async (request, reply) => {
    const sent = request.body as Record<string, string> | undefined
    const id = sent?.[RESUME_FIELD]
    if (request.method !== 'POST' || sent === undefined || id === undefined) return
    const found = await interrupted.find(id, await ownerOf(request, reply))
    if (found !== undefined && found.action !== request.url) throw requestGone()
    // One that is gone is rejected by the route: it may be the second press of a button, and gets the
    // answer to the first one (same-form-twice.ts).
    resumed.set(request, { sent, found })
    request.body = { ...found?.fields, [CSRF_FIELD]: sent[CSRF_FIELD] }
  })

  app.addHook('onRoute', (route) => {
    if (route.method !== 'POST') return
    const { handler } = route
    route.handler = async function (request, reply) {
      if (!resumed.has(request)) return handler.call(this, request, reply)
      const found = resumed.get(request)?.found
      if (found === undefined || !(await interrupted.take(found))) throw requestGone()
      try {
        return await handler.call(this, request, reply)
      } catch (error) {
        if (isPassing(error)) await offerAgain(request, found)
        throw error
      }
    }
  })

  async function offerAgain(request: FastifyRequest, found: FoundRequest): Promise<void> {
    try {
      setFormPage(request, `/confirm/${await interrupted.putBack(found)}`)
    } catch (error) {
      request.log.warn({ err: error }, 'an interrupted request that failed could not be kept')
    }
  }
}
