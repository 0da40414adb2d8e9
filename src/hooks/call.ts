import { randomBytes } from 'node:crypto'
import { isNotPublic } from '../http/outgoing/guarded-lookup.ts'
import type { AboutToHappen } from '../shared/before-hook.ts'
import type { Clock } from '../shared/clock.ts'
import { type Message, message } from '../shared/locales/texts.ts'
import { signatureOf } from '../shared/standard-webhooks.ts'
import { BadAnswer, type HookAnswer, readAnswer } from './answer.ts'
import type { Moment } from './table.ts'

/** From the question to the end of the answer, in milliseconds. */
export const TIMEOUT = 1000
/** Questions of this process that are under way at once; others wait, within their second. */
const MAX_AT_ONCE = 64

/** What was asked and answered, for the page that tries a hook. */
export interface Asked {
  request: string
  /** Undefined: none, or not a good one. */
  answer?: HookAnswer | undefined
  /** Why there is no good answer. */
  failure?: Message | undefined
  /** Milliseconds. */
  took: number
}

/** The document that is sent. */
export async function questionOf(at: Moment, about: AboutToHappen, clock: Clock) {
  const { user, groups, clientId, address, scopes, amr, grantType } = about
  return {
    id: `hook_${randomBytes(16).toString('base64url')}`,
    type: at,
    time: new Date(clock()).toISOString(),
    user: user === undefined ? null : { id: user.id ?? null, username: user.username, email: user.email },
    groups: [...((await groups?.()) ?? [])],
    client_id: clientId ?? null,
    address: address ?? null,
    scopes: [...(scopes ?? [])],
    amr: [...(amr ?? [])],
    ...(at === 'token' && { grant_type: grantType ?? null }),
  }
}

export type Question = Awaited<ReturnType<typeof questionOf>>

export type Call = (
  hook: { url: string; at: Moment },
  secrets: readonly string[],
  question: Question,
) => Promise<Asked>

/** Asks a receiver, signed as Standard Webhooks say; redirects are followed by none. Never throws. @param deps.fetch guarded (src/http/outgoing) */
export function createCall(deps: { fetch: typeof fetch; clock: Clock }): Call {
  const turns = createTurns(MAX_AT_ONCE)
  return async ({ url, at }, secrets, question) => {
    const began = performance.now()
    const body = JSON.stringify(question)
    const timestamp = Math.floor(deps.clock() / 1000)
    const signal = AbortSignal.timeout(TIMEOUT)
    const took = () => Math.round(performance.now() - began)
    try {
      const answer = await turns.within(signal, async () => {
        const response = await deps.fetch(url, {
          method: 'POST',
          body,
          headers: {
            'content-type': 'application/json',
            accept: 'application/json',
            'user-agent': 'Latchkey',
            'webhook-id': question.id,
            'webhook-timestamp': String(timestamp),
            'webhook-signature': signatureOf(secrets, { id: question.id, timestamp, body }),
          },
          redirect: 'manual',
          signal,
        })
        return readAnswer(at, response)
      })
      return { request: body, answer, took: took() }
    } catch (error) {
      return { request: body, failure: reasonOf(error, signal), took: took() }
    }
  }
}

/** At most so many at once; who waits longer than their signal is not let in. */
function createTurns(most: number) {
  let open = 0
  const waiting = new Set<() => void>()
  const enter = (signal: AbortSignal): Promise<void> | undefined => {
    if (open < most) {
      open++
      return undefined
    }
    return new Promise((resolve, reject) => {
      waiting.add(resolve)
      signal.addEventListener('abort', () => {
        if (waiting.delete(resolve)) reject(signal.reason)
      })
    })
  }
  /** Hands the turn on to who waits longest. */
  const leave = () => {
    const [first] = waiting
    if (first === undefined) {
      open--
      return
    }
    waiting.delete(first)
    first()
  }
  return {
    async within<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
      await enter(signal)
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}

/** In words for administrators, without addresses that a name stands for. */
function reasonOf(error: unknown, signal: AbortSignal): Message {
  if (error instanceof BadAnswer) return error.why
  if (signal.aborted) return message('admin.hooks.failure.late', { seconds: TIMEOUT / 1000 })
  if (!(error instanceof Error)) return message('admin.hooks.failure.request')
  const cause = error.cause instanceof Error ? error.cause : error
  if (isNotPublic(cause)) return message('admin.hooks.failure.inside')
  const { code } = cause as Error & { code?: unknown }
  return typeof code === 'string'
    ? message('admin.hooks.failure.request.code', { code })
    : message('admin.hooks.failure.request')
}
