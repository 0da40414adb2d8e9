import { z } from 'zod'
import { AppError } from '../shared/errors.ts'
import { phoneNumber } from '../shared/profile/values.ts'
import { callerOf } from './callers.ts'
import { type ApiContext, withLimit } from './context.ts'
import { body, currentPassword, proofBody, text, timestamp } from './fields.ts'
import { operation } from './operation.ts'
import { changerOf, requireMailbox, requireOwner, requirePerson } from './owner.ts'
import { wrongFields } from './problems.ts'

const tag = 'Second factors'
const params = z.object({ id: z.string().max(64) })
const recoveryCodes = z
  .array(z.string().meta({ examples: ['ABCD-EFGH-IJKL-MNOP'] }))
  .meta({ description: 'Each works once. They are never shown again.' })

const list = operation({
  id: 'factors',
  tag,
  summary: 'Your second factors',
  caller: { enrolls: true },
  safe: true,
  answers: [
    200,
    'What a sign-in can be verified by.',
    z.object({
      factors: z.array(
        z.object({
          id: z.string(),
          kind: z.enum(['passkey', 'totp', 'phone']),
          name: z.string().optional(),
          created_at: timestamp,
          last_used_at: timestamp.nullable(),
        }),
      ),
      recovery_codes_left: z.int().meta({ examples: [10] }),
    }),
  ],
  problems: [401, 403, 429, 503],
})

const begin = operation({
  id: 'addFactor',
  tag,
  summary: 'Set up an authenticator app, or codes by SMS',
  description:
    '`totp`: show `uri` as a QR code, or `secret` to type; the app counts once a code of it was right (`…/verify`), within an hour. `sms`: a code is sent to `phone_number`, which counts once the code came back, within ten minutes; it is there where the server has a gateway for messages. Needs `current_password`, unless the sign-in is fresh. An account that had a second factor before, and has none, needs `email_code` too (403 `email_proof_required`).',
  caller: { enrolls: true },
  body: body({
    method: z.enum(['totp', 'sms'], 'Only “totp” and “sms” are set up here.'),
    phone_number: text(40)
      .optional()
      .meta({ description: 'With `sms`: E.164.', examples: ['+447911123456'] }),
    current_password: currentPassword,
    email_code: text(64).optional().meta({
      description: 'The code of `/me/factors/challenge`, where the account had a second factor before.',
    }),
  }).meta({ examples: [{ method: 'totp', current_password: 'glass otter 72 harbour' }] }),
  answers: [
    201,
    'What the app is to hold; of `sms` the id alone.',
    z.object({
      id: z.string(),
      secret: z
        .string()
        .optional()
        .meta({ description: 'base32', examples: ['GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'] }),
      uri: z
        .string()
        .optional()
        .meta({ examples: ['otpauth://totp/id.example.com:ada?secret=…'] }),
    }),
  ],
  problems: [401, 403, 409, 429, 503],
})

const challenge = operation({
  id: 'challengeEnrolment',
  tag,
  summary: 'Have a code sent, to set up a second factor again',
  description:
    'For an account that had a second factor before and has none: the code goes to its address, works for ten minutes, and is the `email_code` of `POST /me/factors`.',
  caller: { enrolls: true },
  body: body({ method: z.literal('email') }).meta({ examples: [{ method: 'email' }] }),
  answers: [200, 'A code is on its way.', z.object({})],
  problems: [401, 403, 409, 429, 503],
})

const verify = operation({
  id: 'verifyFactor',
  tag,
  summary: 'Turn an authenticator app or codes by SMS on',
  description:
    'By a code of the app, or the one that was sent. With the first factor of an account come its recovery codes. After five wrong codes no more are checked for a quarter of an hour.',
  caller: { enrolls: true },
  params,
  body: body({ code: text(16).meta({ examples: ['123456'] }) }).meta({ examples: [{ code: '123456' }] }),
  answers: [200, 'It counts from now on.', z.object({ recovery_codes: recoveryCodes.optional() })],
  problems: [401, 403, 404, 429, 503],
})

const remove = operation({
  id: 'removeFactor',
  tag,
  summary: 'Remove a second factor',
  description: 'With the last one, recovery codes and app passwords end too.',
  caller: { enrolls: true },
  params,
  body: proofBody,
  answers: [204, 'Removed.'],
  problems: [401, 403, 404, 429, 503],
})

const renew = operation({
  id: 'renewRecoveryCodes',
  tag,
  summary: 'Create new recovery codes',
  description: 'Those before work no more.',
  caller: { enrolls: true },
  body: proofBody,
  answers: [200, 'Ten codes.', z.object({ recovery_codes: recoveryCodes })],
  problems: [401, 403, 409, 429, 503],
})

const iso = (time: number): string => new Date(time).toISOString()

const notFound = (): AppError => new AppError('factor_not_found', 404, 'There is no such factor.')

/** The second factors of a person, as they change them. */
export function factorRoutes({ known, deps }: ApiContext): void {
  const { factors, limit } = deps

  known.get('/me/factors', withLimit(list, limit('token')), async (request) => {
    const { factors: all, recoveryCodesLeft } = await factors.list(callerOf(request).account.id)
    return {
      factors: all.map(({ createdAt, lastUsedAt, ...rest }) => ({
        ...rest,
        created_at: iso(createdAt),
        last_used_at: lastUsedAt === null ? null : iso(lastUsedAt),
      })),
      recovery_codes_left: recoveryCodesLeft,
    }
  })

  known.post('/me/factors', withLimit(begin, limit('account')), async (request, reply) => {
    const { method, phone_number, current_password, email_code } = request.body
    const caller = await requireOwner(deps, request, current_password)
    const { account } = caller
    const { data: number = '', error } =
      method === 'totp' ? { error: undefined } : phoneNumber.safeParse(phone_number)
    if (error) throw wrongFields({ phone_number: error.issues[0]?.message ?? 'Send a phone number.' })
    // Last: it uses the code up.
    await requireMailbox(deps, request, caller, email_code)
    if (method === 'totp') return reply.code(201).send(await factors.totp.begin(account.id))
    const wanted = { accountId: account.id, number, purpose: 'factor', address: request.ip } as const
    const outcome = await factors.phones.begin(wanted)
    if (outcome.kind === 'sent') return reply.code(201).send({ id: outcome.id })
    if (outcome.kind === 'refused')
      throw wrongFields({
        phone_number:
          'Codes are not sent to this number. Give that of a mobile phone, with its country code.',
      })
    throw deps.codeNotSent(outcome)
  })

  known.post('/me/factors/challenge', withLimit(challenge, limit('account')), async (request) => {
    const { account } = requirePerson(request)
    const outcome = await factors.emailCodes.send(account.id, 'enrolment')
    if (outcome.kind !== 'sent') throw deps.emailCodeNotSent(outcome)
    return {}
  })

  known.post('/me/factors/:id/verify', withLimit(verify, limit('account')), async (request, reply) => {
    const caller = requirePerson(request)
    const { account } = caller
    const { id } = request.params
    const bySms = (await factors.phones.pending(account.id, id)) !== undefined
    const outcome = await (bySms ? factors.phones : factors.totp).confirm(
      changerOf(caller),
      id,
      request.body.code,
    )
    if (outcome.kind !== 'confirmed')
      throw wrongFields({
        code: 'This code is not right. After several wrong ones, wait a quarter of an hour.',
      })
    // The session has shown the factor that its account asks for from now on.
    if (caller.by === 'session')
      await deps.sessions.verify(request, reply, {
        accountId: account.id,
        uid: caller.uid,
        amr: [bySms ? 'sms' : 'otp'],
      })
    return outcome.recoveryCodes ? { recovery_codes: outcome.recoveryCodes } : {}
  })

  known.delete('/me/factors/:id', withLimit(remove, limit('account')), async (request, reply) => {
    const caller = await requireOwner(deps, request, request.body.current_password)
    if (!(await factors.remove(changerOf(caller), request.params.id))) throw notFound()
    return reply.code(204).send()
  })

  known.post('/me/recovery-codes', withLimit(renew, limit('account')), async (request) => {
    const caller = await requireOwner(deps, request, request.body.current_password)
    return { recovery_codes: await factors.recoveryCodes.renew(changerOf(caller)) }
  })
}
