import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Account } from '../../../accounts/account.ts'
import type { Accounts } from '../../../accounts/accounts.ts'
import type { Factors, FactorView } from '../../../factors/factors.ts'
import type { Recovery, RecoveryView } from '../../../factors/recovery/recovery.ts'
import type { ButtonForm } from '../../../http/pages/pages.ts'
import { AppError } from '../../../shared/errors.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { requirementOf, type SecondFactorSetting } from '../../../shared/second-factor-rule.ts'
import { renderConsole } from '../frame.ts'
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
  required: 'admin.users.done.required',
  'not-required': 'admin.users.done.not_required',
  'reset-factors': 'admin.users.done.reset_factors',
  waiting: 'admin.users.done.waiting',
  'stop-recovery': 'admin.users.done.stop_recovery',
  'no-recovery': 'admin.users.done.no_recovery',
} as const satisfies Record<string, TextKey>

const KINDS = {
  passkey: 'admin.users.factor.kind_passkey',
  totp: 'factors.app',
  phone: 'admin.users.factor.kind_phone',
} as const

const REQUIREMENTS = {
  setting: 'admin.users.factors.rule_setting',
  role: 'admin.users.factors.rule_role',
  person: 'admin.users.factors.rule_person',
  none: 'admin.users.factors.rule_none',
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
        name: name ? t('admin.users.factor.named', { kind: t(KINDS[kind]), name }) : t(KINDS[kind]),
        detail: t('admin.users.factor.times', { since: when(createdAt), used: when(lastUsedAt) }),
      })),
      ...(factors.length === 0
        ? []
        : [
            {
              name: t('factors.codes'),
              detail: t('admin.users.factor.codes_left', { count: recoveryCodesLeft }),
            },
          ]),
    ],
    requirement: t(REQUIREMENTS[requirement ?? 'none']),
    require: user.secondFactorRequired
      ? {
          ...toggle(false),
          label: t('admin.users.factors.require_no'),
          about: t('admin.users.factors.require_no.about'),
        }
      : requirement === undefined
        ? {
            ...toggle(true),
            label: t('admin.users.factors.require'),
            about: t('admin.users.factors.require.about'),
          }
        : undefined,
    reset: factors.length === 0 || waiting ? undefined : { action: `${base}/reset-factors` },
    recovery: waiting && {
      text: t(waiting.ready ? 'admin.users.recovery.ready' : 'admin.users.recovery.waiting', {
        by: waiting.startedBy,
        started: when(waiting.startedAt),
        until: when(waiting.ready ? waiting.expiresAt : waiting.readyAt),
      }),
      stop: { action: `${base}/stop-recovery` },
    },
  }
}

type ById = { Params: { id: string } }

/** The acts of that part. @param show answers with the page of a person, with what could not be done */
export function userFactorsRoutes(
  app: FastifyInstance,
  {
    users,
    factors: { recovery, list: listed },
  }: UserFactorsDependencies & { users: Pick<Accounts, 'updateByAdmin'> },
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

  app.get<ById>(
    '/admin/users/:id/reset-factors',
    { config: { admin: 'user.read' } },
    async (request, reply) => {
      const user = await find(request.params.id)
      const { factors } = await listed(user.id)
      return renderConsole(request, reply, 'users', 'admin/confirm', {
        title: t('admin.users.factors.reset.title', { username: user.displayUsername }),
        ends: t('admin.users.factors.reset.about'),
        facts: [
          {
            label: t('admin.users.factors'),
            value: factors.map(({ kind }) => t(KINDS[kind])).join(', ') || t('admin.users.factors.none'),
          },
        ],
        form: { action: `/admin/users/${user.id}/reset-factors`, fields: {} },
        label: t('admin.users.factors.reset'),
        keepHref: `/admin/users/${user.id}`,
      })
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
