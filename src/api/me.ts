import type { FastifyReply, FastifyRequest } from 'fastify'
import { byProperty, personalFields } from '../shared/profile/fields.ts'
import { type Caller, callerOf } from './callers.ts'
import { type ApiContext, withLimit } from './context.ts'
import { operation } from './operation.ts'
import { requireOwner, requireSecondFactor } from './owner.ts'
import { inOurNames, wrongFields } from './problems.ts'
import { profileOf } from './profile-view.ts'
import { closeBody, profile, profileChanges } from './schemas.ts'
import { confirmPassword } from './sign-in.ts'

const reading = {
  tag: 'Profile',
  summary: 'Your profile',
  caller: { read: true },
  answers: [200, 'Your profile.', profile],
  problems: [401, 403, 429, 503],
} as const

const read = operation({ ...reading, id: 'me', safe: true })
const readByPost = operation({ ...reading, id: 'mePost' })

const change = operation({
  id: 'changeMe',
  tag: 'Profile',
  summary: 'Change your profile',
  description:
    'Names, the email address or the password, one of the three at a time. A new address counts once the link that is sent to it was followed. Another phone number in the place of a verified one asks for what a change of second factors asks for: a fresh sign-in of the session, or `current_password`. A new password ends every other session and every token, the one that asked included.',
  caller: {},
  body: profileChanges,
  answers: [200, 'Your profile as it is now.', profile],
  problems: [401, 403, 429, 503],
})

const close = operation({
  id: 'closeMe',
  tag: 'Profile',
  summary: 'Close your account',
  description:
    'Ends every session and token at once. The username and the address stay taken; an administrator can open the account again or delete it.',
  caller: {},
  body: closeBody,
  answers: [204, 'Closed.'],
  problems: [401, 403, 409, 429, 503],
})

/** What a person sees and changes of their own. */
export function meRoutes({ known, deps }: ApiContext): void {
  const { accounts, limit, sessions } = deps

  for (const method of ['GET', 'POST'] as const)
    known.route({
      method,
      url: '/me',
      ...withLimit(method === 'GET' ? read : readByPost, limit('token')),
      handler: async (request) => profileOf(callerOf(request).account, deps.attributes),
    })

  async function changePassword(
    request: FastifyRequest,
    reply: FastifyReply,
    caller: Caller,
    passwords: { current: string | undefined; next: string },
  ): Promise<void> {
    if (passwords.current === undefined) throw wrongFields({ current_password: 'This field is missing.' })
    const accountId = caller.account.id
    const before = caller.by === 'session' ? await sessions.current(request, reply) : undefined
    const { generation } = await inOurNames(
      accounts.changePassword({
        accountId,
        currentPassword: passwords.current,
        newPassword: passwords.next,
        address: request.ip,
        devices: deps.devices.of(request),
        ...(caller.by === 'session' && { keepSessionUid: caller.uid }),
      }),
    )
    if (before === undefined) return
    const { amr, verifiedAt } = before
    await sessions.start(request, reply, {
      accountId,
      generation,
      amr,
      verifiedAt,
      quiet: true,
      continues: true,
    })
  }

  known.patch('/me', withLimit(change, limit('account')), async (request, reply) => {
    const caller = callerOf(request)
    const { id } = caller.account
    const { email, new_password, current_password, attributes, ...claims } = request.body
    if (email !== undefined || new_password !== undefined) requireSecondFactor(caller)
    if ([attributes, ...Object.values(claims)].some((value) => value !== undefined)) {
      const changes = {
        ...byProperty(claims, 'rest', personalFields),
        ...(attributes !== undefined && { attributes }),
      }
      const fresh = accounts.losesVerifiedPhone(caller.account, changes)
      if (fresh) await requireOwner(deps, request, current_password)
      await inOurNames(accounts.updateProfile(id, changes, { fresh }))
    }
    if (email !== undefined) {
      await confirmPassword(deps, request, caller.account, 'current_password', current_password)
      await inOurNames(accounts.changeEmail(id, email, { generation: caller.account.generation }))
    }
    if (new_password !== undefined)
      await changePassword(request, reply, caller, { current: current_password, next: new_password })
    return profileOf((await accounts.byId(id)) ?? caller.account, deps.attributes)
  })

  known.delete('/me', withLimit(close, limit('account')), async (request, reply) => {
    const caller = callerOf(request)
    requireSecondFactor(caller)
    await confirmPassword(deps, request, caller.account, 'password', request.body.password)
    await accounts.disable(caller.account.id)
    if (caller.by === 'session') await sessions.end(request, reply)
    return reply.code(204).send()
  })
}
