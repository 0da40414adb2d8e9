import { randomBytes } from 'node:crypto'
import { IncomingMessage, type ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Provider } from 'oidc-provider'
import { handOver } from '../provider/mount.ts'
import { handAlong, type RequestOfContext } from '../provider/request.ts'
import type { DeviceCodes } from './codes.ts'
import { type DeviceDecision, decisionOf } from './decision.ts'

/** Why a user code leads nowhere. */
export type CodeProblem = 'unknown' | 'expired' | 'used'

/** From a user code to the interaction in which a person signs in, sees what asks, and decides. */
export interface DeviceVerification {
  /** @param userCode as `readUserCode` gives it */
  problemOf(userCode: string): Promise<CodeProblem | undefined>
  /** The decision on a code that was used, for the person who made it. @param accountId who is signed in */
  decisionOf(userCode: string, accountId: string | undefined): Promise<DeviceDecision | undefined>
  /** Answers the request: the browser goes on to the pages of the interaction (303). The caller has checked the form. */
  begin(request: FastifyRequest, reply: FastifyReply, userCode: string): Promise<void>
}

/**
 * The library has a form of its own for this, with a token that only the newest tab of a browser holds. Here the form is ours
 * (src/interactions), as all are; the user code is handed to the library as if its own form had been submitted. A browser cannot do
 * that: the path takes no POST from outside.
 */
const HANDED_OVER = randomBytes(32).toString('base64url')

/** Lets requests that were handed over pass the library's own check of its form. */
export function acceptHandedOver(provider: Provider): void {
  const { Session } = provider
  const get = Session.get.bind(Session)
  Session.get = async (ctx) => {
    const session = await get(ctx)
    if ((ctx as { oidc?: { route?: string } }).oidc?.route !== 'code_verification') return session
    Object.assign(session, { state: { secret: HANDED_OVER } })
    // The person has not signed in yet: a browser without a session gets none by entering a code.
    if (Reflect.get(session, 'new')) Object.defineProperty(session, 'touched', { value: false })
    return session
  }
}

export function createDeviceVerification(deps: {
  issuer: string
  path: string
  current(): Provider
  codes: Pick<DeviceCodes, 'findByUserCode'>
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
}): DeviceVerification {
  return {
    async problemOf(userCode) {
      const code = await deps.current().DeviceCode.findByUserCode(userCode, { ignoreExpiration: true })
      if (code === undefined) return 'unknown'
      if (code.accountId !== undefined || code.error !== undefined) return 'used'
      return code.isExpired ? 'expired' : undefined
    },
    decisionOf: async (userCode, accountId) =>
      decisionOf(deps.current(), await deps.codes.findByUserCode(userCode), accountId),
    begin: (request, reply, userCode) =>
      handOver(request, reply, {
        issuer: deps.issuer,
        answer: (_request, response) => {
          const form = new URLSearchParams({ user_code: userCode, confirm: 'yes', xsrf: HANDED_OVER })
          return deps.answer(posted(request, deps.path, form.toString()), response)
        },
      }),
  }
}

/** A request like another one, that posts this form. The body of the other one has been read. */
function posted(like: RequestOfContext, url: string, form: string): IncomingMessage {
  const { raw } = like
  const request = new IncomingMessage(raw.socket)
  const headers = {
    ...raw.headers,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(Buffer.byteLength(form)),
  }
  Object.assign(request, { method: 'POST', url, headers })
  handAlong(like, request)
  request.push(form)
  request.push(null)
  // Else it would close the connection once it is read: as if the browser had gone away.
  request.complete = true
  return request
}
