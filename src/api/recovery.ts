import { giveBack } from '../http/rate-limits/rate-limits.ts'
import { AppError } from '../shared/errors.ts'
import { callerOf, requireCaller } from './callers.ts'
import { type ApiContext, withLimit } from './context.ts'
import { operation } from './operation.ts'
import { inOurNames, wrongFields } from './problems.ts'
import { forgotBody, resetBody, sendVerificationBody, verified, verifyParams } from './schemas.ts'

const sendVerification = operation({
  id: 'sendVerification',
  tag: 'Email and password',
  summary: 'Send the verification message again',
  description:
    'Nobody has to be signed in: with `email`, the answer is the same whether the address is known, waits to be verified, or neither. Without it, to the address that the account of the credentials waits for.',
  caller: { unverified: true, optional: true },
  body: sendVerificationBody,
  answers: [202, 'If an account waits for the proof of the address, a message is on its way.'],
  problems: [401, 403, 429, 503],
})

const verifyEmail = operation({
  id: 'verifyEmail',
  tag: 'Email and password',
  summary: 'Verify an email address',
  description:
    'Uses the token of the message up. The link in the message leads to a page that asks first, because mail scanners open links; this is for programs.',
  safe: true,
  params: verifyParams,
  answers: [200, 'Verified.', verified],
  problems: [404, 409, 429],
})

const forgotPassword = operation({
  id: 'forgotPassword',
  tag: 'Email and password',
  summary: 'Send a link that sets a new password',
  description:
    'The answer is the same whether the address is known or not. `email` may be another name to sign in by: the link goes to the address of its account.',
  body: forgotBody,
  answers: [202, 'If the address belongs to an account, a message is on its way.'],
  problems: [429],
})

const resetPassword = operation({
  id: 'resetPassword',
  tag: 'Email and password',
  summary: 'Set a new password by the token of the message',
  description: 'Ends every session and token of the account, and its lock.',
  body: resetBody,
  answers: [204, 'The password is set.'],
  problems: [429, 503],
})

/** Proving an address and setting a new password: the services of the pages, by JSON. */
export function recoveryRoutes({ open, identify, deps }: ApiContext): void {
  const { accounts, limit } = deps

  const byCredentials = requireCaller(identify)
  open.post(
    '/send-verification',
    withLimit(sendVerification, limit('mail', 'email')),
    async (request, reply) => {
      const { email } = request.body
      if (email !== undefined) await accounts.verification.sendTo(email, { address: request.ip })
      else {
        const { authorization, cookie } = request.headers
        if (authorization === undefined && cookie === undefined)
          throw wrongFields({ email: 'This field is missing.' })
        await byCredentials(request, reply)
        await accounts.verification.send(callerOf(request).account.id)
      }
      return reply.code(202).send()
    },
  )

  // Not by HEAD, which must change nothing.
  const verifying = { ...withLimit(verifyEmail, limit('oneTimeToken')), exposeHeadRoute: false }
  open.get('/verify-email/:token', verifying, async (request) => {
    const { kind } = await accounts.verification.byToken(request.params.token)
    if (kind === 'verified') {
      await giveBack(request)
      return { email_verified: true as const }
    }
    if (kind === 'taken')
      throw new AppError('email_taken', 409, 'This address belongs to another account by now.')
    throw new AppError('link_expired', 404, 'This link has been used already, or has expired.')
  })

  open.post('/forgot-password', withLimit(forgotPassword, limit('mail', 'email')), async (request, reply) => {
    await accounts.forgot(request.body.email, { address: request.ip, devices: deps.devices.of(request) })
    return reply.code(202).send()
  })

  open.post('/reset-password', withLimit(resetPassword, limit('oneTimeToken')), async (request, reply) => {
    const { token, new_password } = request.body
    const done = await inOurNames(accounts.reset(token, new_password), { password: 'new_password' })
    if (done === undefined)
      throw wrongFields({
        token: 'This link has been used already, or has expired. Ask for a new one.',
      })
    await giveBack(request)
    return reply.code(204).send()
  })
}
