import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Http } from '../http/http.ts'
import type { Form } from '../http/pages/pages.ts'
import { type QrCode, qrCode } from '../http/pages/qr.ts'
import { renderPage } from '../http/pages/views.ts'
import { countForAccount, giveBack } from '../http/rate-limits/rate-limits.ts'
import type { DeviceDecision } from '../oidc/device/decision.ts'
import type { DeviceVerification } from '../oidc/device/verification.ts'
import { isAmbiguous, readUserCode, showUserCode } from '../shared/device-code.ts'
import { type TextKey, t } from '../shared/locales/texts.ts'
import { dayOf, timeOf } from '../shared/moment.ts'
import { own } from '../shared/own.ts'
import { createEnteredCode } from './entered-code.ts'

/** Where the code of a device is entered. */
export interface DeviceCodePage extends Form {
  /** The code came along in a link, and has to be compared. */
  fromLink: boolean
  notice?: string | undefined
  /** How to go on with another device. It says the same of every code, whether there is one or not. */
  phone?:
    | {
        /** Without its scheme, as people type it: id.example/device */
        address: string
        /** As its device shows it. */
        code: string
        /** Opens the page with the code (RFC 8628 §3.2, `verification_uri_complete`). */
        qr: QrCode
      }
    | undefined
}

export interface DeviceDonePage {
  app: string
  outcome: 'approved' | 'denied'
}

declare module '../http/pages/pages.ts' {
  interface Pages {
    'device/code': DeviceCodePage
    'device/done': DeviceDonePage
  }
}

/**
 * The pages around an interaction that a device began (RFC 8628 §3.3). The device shows a code and this address, short enough to type:
 *
 *   GET  /device             the code is entered; in the link of the device it stands already, and is only to be compared
 *   POST /device             ► the interaction: sign-in, then what asks and from where, then “Allow” or “Deny” (routes.ts)
 *   GET  /device/done        allowed or denied: go back to the device
 *
 * A link does nothing by itself: a person who follows one that an attacker has sent has to press a button first, and then
 * sees which app asks.
 */
export interface DeviceRoutesOptions {
  issuer: string
  http: Pick<Http, 'limit' | 'forms' | 'sealed'>
  verification: DeviceVerification
  /** The account that is signed in: guesses are counted for it too. */
  signedInAs(request: FastifyRequest, reply: FastifyReply): Promise<string | undefined>
  /** Told of each code that is none. */
  missed(): void
  /** A decision from the address of the page, for the person who made it. */
  openDecision(value: unknown, accountId: string | undefined): DeviceDecision | undefined
  openDone(value: unknown): DeviceDonePage | undefined
}

const PATH = '/device'

/** What is wrong with a code, beside its field. */
const CODE_PROBLEMS = {
  unknown: 'device.problem.unknown',
  expired: 'device.problem.expired',
  ambiguous: 'device.problem.ambiguous',
  used: 'device.problem.used',
} as const

/** What the address of the page may say: fixed texts, so that a link can put nothing on it. */
const PROBLEMS: Readonly<Record<string, TextKey>> = { ...CODE_PROBLEMS, over: 'device.problem.over' }
/** Those after which the code may still be good. */
const UNDECIDED = new Set(['cancelled', 'over'])

/** What a person is told whose code was used: what they have decided, if it was them. */
function usedBefore(decision: DeviceDecision | undefined): string {
  if (decision === undefined) return t(CODE_PROBLEMS.used)
  const { app, outcome, at } = decision
  const when = { day: dayOf(at * 1000), time: timeOf(at * 1000) }
  return t(outcome === 'approved' ? 'device.problem.allowed' : 'device.problem.refused', { app, ...when })
}

function problemText(problem: string): string | undefined {
  const key = own(PROBLEMS, problem)
  return key && t(key)
}

/** What is wrong with what can be no code. */
const unreadable = (typed: string) => (isAmbiguous(typed) ? 'ambiguous' : 'unknown')

type Said = [FastifyRequest, FastifyReply, string | undefined, keyof typeof CODE_PROBLEMS | undefined]

const query = z.object({
  user_code: z.string().max(100).catch(''),
  problem: z.string().max(20).catch(''),
  of: z.string().max(4096).optional().catch(undefined),
})
const form = z.object({ user_code: z.string().max(200).catch('') })

/** Made of the code alone: it does not tell whether there is such a code. */
async function onPhone(issuer: string, code: string): Promise<NonNullable<DeviceCodePage['phone']>> {
  const page = new URL(PATH, issuer)
  const shown = showUserCode(code)
  const complete = new URL(`?${new URLSearchParams({ user_code: shown })}`, page)
  return { address: `${page.host}${page.pathname}`, code: shown, qr: await qrCode(complete.href) }
}

export async function deviceRoutes(app: FastifyInstance, options: DeviceRoutesOptions): Promise<void> {
  const { http, verification } = options
  await http.forms(app)
  const secure = options.issuer.startsWith('https:')
  const entered = createEnteredCode({ sealed: http.sealed, secure, path: PATH })
  /** The code of an interaction that decided nothing, while it can be entered again. */
  const enterAgain = async (request: FastifyRequest): Promise<string | undefined> => {
    const code = entered.find(request)
    return code !== undefined && (await verification.problemOf(code)) === undefined ? code : undefined
  }

  app.get(PATH, async (request, reply) => {
    // The answer to the form is shown to the person who sent it.
    const accountId = await options.signedInAs(request, reply)
    const { user_code: sent, problem, of } = query.parse(request.query)
    const code = readUserCode(sent) ?? (UNDECIDED.has(problem) ? await enterAgain(request) : undefined)
    const alert = problem === 'used' ? usedBefore(options.openDecision(of, accountId)) : problemText(problem)
    return renderPage(reply, 'device/code', {
      action: PATH,
      fromLink: code !== undefined,
      values: { user_code: code === undefined ? '' : showUserCode(code) },
      ...(code !== undefined && { phone: await onPhone(options.issuer, code) }),
      ...(alert !== undefined && { alert }),
      ...(problem === 'cancelled' && { notice: t('device.cancelled') }),
    })
  })

  const said = async (...[request, reply, code, problem]: Said): Promise<string> => {
    if (code === undefined || problem !== 'used') return t(CODE_PROBLEMS[problem ?? 'unknown'])
    return usedBefore(await verification.decisionOf(code, await options.signedInAs(request, reply)))
  }

  const limit = http.limit('deviceCode', null)
  app.post(
    PATH,
    {
      ...limit,
      preHandler: [
        async (request, reply) => {
          const accountId = await options.signedInAs(request, reply)
          if (accountId !== undefined) countForAccount(request, accountId)
        },
        ...(limit.preHandler ?? []),
      ],
    },
    async (request, reply) => {
      const typed = form.parse(request.body ?? {}).user_code
      const code = readUserCode(typed)
      const problem = code === undefined ? unreadable(typed) : await verification.problemOf(code)
      if (code === undefined || problem !== undefined) {
        if (problem === 'unknown' && typed.trim() !== '') options.missed()
        const message =
          typed.trim() === '' ? t('device.problem.empty') : await said(request, reply, code, problem)
        const page = {
          action: PATH,
          fromLink: false,
          values: { user_code: typed },
          errors: { user_code: message },
        }
        return renderPage(reply, 'device/code', page, 422)
      }
      await giveBack(request)
      entered.remember(reply, code)
      await verification.begin(request, reply, code)
      return reply
    },
  )

  app.get(`${PATH}/done`, async (request, reply) => {
    const done = options.openDone(query.parse(request.query).of)
    return done ? renderPage(reply, 'device/done', done) : reply.redirect(PATH, 303)
  })
}
