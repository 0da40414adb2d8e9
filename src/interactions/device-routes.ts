import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { isAmbiguous, readUserCode, showUserCode } from '../device-code.ts'
import type { Http } from '../http/http.ts'
import type { DeviceDonePage } from '../http/pages.ts'
import { giveBack, nameAccount } from '../http/rate-limits.ts'
import { renderPage } from '../http/views.ts'

/**
 * The pages around a flow that a device began (RFC 8628 §3.3). The device shows a code and this address, short enough to type:
 *
 *   GET  /device             the code is entered; in the link of the device it stands already, and is only to be compared
 *   POST /device             ► the flow: sign-in, then what asks and from where, then “Allow” or “Deny” (routes.ts)
 *   GET  /device/done        what came of it: go back to the device
 *
 * A link does nothing by itself: whoever follows one that somebody else has sent them has to press a button first, and then
 * sees what asks.
 */
export interface DeviceRoutesOptions {
  http: Pick<Http, 'limit' | 'forms'>
  verification: {
    problemOf(userCode: string): Promise<'unknown' | 'expired' | 'used' | undefined>
    begin(request: FastifyRequest, reply: FastifyReply, userCode: string): Promise<void>
  }
  /** Who is signed in: guesses are counted for them too. */
  whoever(request: FastifyRequest, reply: FastifyReply): Promise<string | undefined>
  /** Told of each code that is none. */
  missed(): void
  openDone(value: unknown): DeviceDonePage | undefined
}

const PATH = '/device'

/** What is wrong with a code, beside its field. */
const CODE_PROBLEMS = {
  unknown: 'There is no such code. Compare it with your device, letter by letter; it has eight letters.',
  expired: 'This code is too old. Let your device show a new one.',
  ambiguous: 'Codes have no O and no zero: look whether it is a D or a Q.',
  used: 'This code was used already. If your device still waits, let it show a new one.',
} as const

/** What the address of the page may say: fixed texts, so that a link can put nothing on it. */
const PROBLEMS: Readonly<Record<string, string>> = {
  ...CODE_PROBLEMS,
  over: 'This took too long, or your sign-in has ended meanwhile. Enter the code once more.',
}

/** What is wrong with what can be no code. */
const unreadable = (typed: string) => (isAmbiguous(typed) ? 'ambiguous' : 'unknown')

const query = z.object({
  user_code: z.string().max(100).catch(''),
  problem: z.string().max(20).catch(''),
  of: z.string().max(4096).optional().catch(undefined),
})
const form = z.object({ user_code: z.string().max(200).catch('') })

export async function deviceRoutes(app: FastifyInstance, options: DeviceRoutesOptions): Promise<void> {
  const { http, verification } = options
  await http.forms(app)

  app.get(PATH, async (request, reply) => {
    // What the form was answered with is shown to whoever sent it.
    await options.whoever(request, reply)
    const { user_code: sent, problem } = query.parse(request.query)
    const code = readUserCode(sent)
    return renderPage(reply, 'device/code', {
      action: PATH,
      fromLink: code !== undefined,
      values: { user_code: code === undefined ? '' : showUserCode(code) },
      ...(Object.hasOwn(PROBLEMS, problem) && { alert: PROBLEMS[problem] }),
    })
  })

  const limit = http.limit('deviceCode', null)
  app.post(
    PATH,
    {
      ...limit,
      preHandler: [
        async (request, reply) => {
          const accountId = await options.whoever(request, reply)
          if (accountId !== undefined) nameAccount(request, accountId)
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
          typed.trim() === '' ? 'Enter the code that your device shows.' : CODE_PROBLEMS[problem ?? 'unknown']
        const page = {
          action: PATH,
          fromLink: false,
          values: { user_code: typed },
          errors: { user_code: message },
        }
        return renderPage(reply, 'device/code', page, 422)
      }
      await giveBack(request)
      await verification.begin(request, reply, code)
      return reply
    },
  )

  app.get(`${PATH}/done`, async (request, reply) => {
    const done = options.openDone(query.parse(request.query).of)
    return done ? renderPage(reply, 'device/done', done) : reply.redirect(PATH, 303)
  })
}
