import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../shared/errors.ts'
import type { Kept, KeptAnswers } from './dependencies.ts'
import { type Caller, callerOf } from './guard.ts'

/** How long an answer is given again, in seconds. */
const KEEP = 86_400
/** How long a request may take before its key is free again: the process that worked on it may be gone. Seconds. */
const PENDING = 60

/** What a create answers with: a body, and the header fields that belong to it. */
export interface Created {
  headers?: Readonly<Record<string, string>>
  body: object
}

const digest = (...parts: string[]): string =>
  createHash('sha256').update(parts.join('\0')).digest('base64url')

const callerId = (caller: Caller): string =>
  caller.kind === 'machine' ? caller.client.id : `${caller.client.id} ${caller.account.id}`

/**
 * Does a create once for each `Idempotency-Key` of a caller, and gives its answer again for 24 hours, secrets included.
 * What fails is forgotten: it may be tried again with the same key. Without the header it is simply done.
 * @throws AppError invalid_idempotency_key (400), idempotency_key_reused (422) for another body,
 *   request_in_progress (409) while the first is still being worked on
 */
export function createOnce(answers: KeptAnswers) {
  async function repeated(id: string, fingerprint: string): Promise<Created | undefined> {
    const kept = await answers.find(id)
    if (kept === undefined) return undefined
    if (kept.request !== fingerprint)
      throw new AppError(
        'idempotency_key_reused',
        422,
        'This Idempotency-Key was used with another request. Use a new key for a new request.',
      )
    return kept.answer === undefined ? undefined : opened(kept.answer, id)
  }

  /** @throws AppError answer_lost (409) */
  function opened(answer: string, id: string): Created {
    try {
      return JSON.parse(answers.open(answer, id)) as Created
    } catch (cause) {
      const message =
        'This was done, and its answer cannot be given again: it was sealed under another SECRET_KEY. Look at what is there.'
      throw new AppError('answer_lost', 409, message, { cause })
    }
  }

  async function once(request: FastifyRequest, key: string, work: () => Promise<Created>) {
    if (!/^[\x21-\x7e]{1,255}$/.test(key))
      throw new AppError('invalid_idempotency_key', 400, 'Idempotency-Key must be 1 to 255 ASCII characters.')
    const route = `${request.method} ${request.routeOptions.url}`
    const id = digest(callerId(callerOf(request)), route, key)
    const claimed: Kept = {
      request: digest(JSON.stringify(request.body ?? null), JSON.stringify(request.params)),
    }
    if (!(await answers.claim(id, claimed, PENDING))) {
      const answer = await repeated(id, claimed.request)
      if (answer !== undefined) return answer
      throw new AppError('request_in_progress', 409, 'The same request is being worked on. Try again.', {
        retryAfter: 1,
      })
    }
    try {
      const answer = await work()
      await answers.replace(id, { ...claimed, answer: answers.seal(JSON.stringify(answer), id) }, KEEP)
      return answer
    } catch (error) {
      await answers.drop(id)
      throw error
    }
  }

  return async <Body extends object>(
    request: FastifyRequest,
    reply: FastifyReply,
    work: () => Promise<Created & { body: Body }>,
  ): Promise<Body> => {
    const key = request.headers['idempotency-key']
    const done = typeof key === 'string' ? await once(request, key, work) : await work()
    reply.code(201).headers(done.headers ?? {})
    return done.body as Body
  }
}
