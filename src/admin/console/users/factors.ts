import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Account } from '../../../accounts/account.ts'
import type { Accounts } from '../../../accounts/accounts.ts'
import type { Factors, FactorView } from '../../../factors/factors.ts'
import type { Recovery, RecoveryView } from '../../../factors/recovery/recovery.ts'
import type { ButtonForm } from '../../../http/pages/pages.ts'
import { AppError } from '../../../shared/errors.ts'
import { requirementOf, type SecondFactorSetting } from '../../../shared/second-factor-rule.ts'
import { when } from './view.ts'

/** What an administrator sees and does of second factors: starting to remove them, never removing them. */
export interface UserFactorsDependencies {
  factors: Pick<Factors, 'list'> & { recovery: Pick<Recovery, 'start' | 'waiting' | 'stop'> }
}

/** The part of a person's page about second factors. */
export interface UserFactorsSection {
  factors: { name: string; detail: string }[]
  /** Which rule requires one. */
  requirement: string
  /** Undefined: a rule of all or of the role requires it already, and this person is in no other way required to. */
  require?: (ButtonForm & { label: string; about: string }) | undefined
  /** Undefined: there is nothing to remove. */
  reset?: ButtonForm | undefined
  /** One that waits. */
  recovery?: { text: string; stop: ButtonForm } | undefined
}

export const FACTOR_NOTICES = {
  required: 'A second factor is required of this person from now on.',
  'not-required': 'A second factor is not required of this person any more, unless a setting does.',
  'reset-factors': 'The recovery is started, and the person is told. Nothing is removed before it is ready.',
  waiting: 'A recovery waits already. It goes on as it is.',
  'stop-recovery': 'The recovery is stopped. The second factors stay.',
  'no-recovery': 'No recovery waits any more.',
} as const

const KINDS = { passkey: 'Passkey', totp: 'Authenticator app', phone: 'Phone' } as const

const REQUIREMENTS = {
  setting: 'Required: everybody has to have one (setting “Who needs a second factor”).',
  role: 'Required: administrators and auditors have to have one (setting “Who needs a second factor”).',
  person: 'Required of this person.',
  none: 'Not required.',
} as const

/** @param factors what `list` gives of the account */
export function factorsSection(
  user: Account,
  setting: SecondFactorSetting,
  { factors, recoveryCodesLeft }: { factors: FactorView[]; recoveryCodesLeft: number },
  waiting: RecoveryView | undefined,
): UserFactorsSection {
  const base = `/admin/users/${user.id}`
  const requirement = requirementOf(setting, user)
  const toggle = (required: boolean): ButtonForm => ({
    action: `${base}/require-factor`,
    fields: { required: required ? 'yes' : 'no' },
  })
  return {
    factors: [
      ...factors.map(({ kind, name, createdAt, lastUsedAt }) => ({
        name: [KINDS[kind], name && `“${name}”`].filter(Boolean).join(' '),
        detail: `since ${when(createdAt)} · last used ${when(lastUsedAt)}`,
      })),
      ...(factors.length === 0
        ? []
        : [
            {
              name: 'Recovery codes',
              detail: recoveryCodesLeft === 1 ? '1 is left' : `${recoveryCodesLeft} are left`,
            },
          ]),
    ],
    requirement: REQUIREMENTS[requirement ?? 'none'],
    require: user.secondFactorRequired
      ? { ...toggle(false), label: 'Require no longer', about: 'The settings decide again.' }
      : requirement === undefined
        ? {
            ...toggle(true),
            label: 'Require a second factor',
            about:
              'If you require one, their next sign-in asks them to set it up, whatever the settings say.',
          }
        : undefined,
    reset: factors.length === 0 || waiting ? undefined : { action: `${base}/reset-factors` },
    recovery: waiting && {
      text: `${waiting.startedBy === 'administrator' ? 'An administrator' : 'The person'} started to remove all of them on ${when(waiting.startedAt)}. ${
        waiting.ready
          ? `They can do it by their link until ${when(waiting.expiresAt)}.`
          : `They get a link on ${when(waiting.readyAt)}.`
      }`,
      stop: { action: `${base}/stop-recovery` },
    },
  }
}

type ById = { Params: { id: string } }

/** The acts of that part. @param show answers with the page of a person, with what could not be done */
export function userFactorsRoutes(
  app: FastifyInstance,
  { users, factors: { recovery } }: UserFactorsDependencies & { users: Pick<Accounts, 'updateByAdmin'> },
  find: (id: string) => Promise<Account>,
  show: (
    request: FastifyRequest,
    reply: FastifyReply,
    user: Account,
    refused: { alert: string; status: number },
  ) => Promise<FastifyReply>,
): void {
  const done = (reply: FastifyReply, { id }: Account, what: keyof typeof FACTOR_NOTICES) =>
    reply.redirect(`/admin/users/${id}?done=${what}`, 303)

  app.post<ById>(
    '/admin/users/:id/require-factor',
    { config: { admin: 'user.require_factor' } },
    async (request, reply) => {
      const user = await find(request.params.id)
      const required = z.object({ required: z.enum(['yes', 'no']) }).parse(request.body).required === 'yes'
      await users.updateByAdmin(user.id, { secondFactorRequired: required })
      return done(reply, user, required ? 'required' : 'not-required')
    },
  )

  app.post<ById>(
    '/admin/users/:id/reset-factors',
    { config: { admin: 'user.reset_factors' } },
    async (request, reply) => {
      const user = await find(request.params.id)
      try {
        const { started } = await recovery.start(user.id, { kind: 'administrator' })
        return done(reply, user, started ? 'reset-factors' : 'waiting')
      } catch (error) {
        if (!(error instanceof AppError) || error.status >= 500) throw error
        return show(request, reply, user, { alert: error.publicMessage, status: error.status })
      }
    },
  )

  app.post<ById>(
    '/admin/users/:id/stop-recovery',
    { config: { admin: 'user.stop_recovery' } },
    async (request, reply) => {
      const user = await find(request.params.id)
      const stopped = await recovery.stop(user.id, 'administrator')
      return done(reply, user, stopped ? 'stop-recovery' : 'no-recovery')
    },
  )
}
