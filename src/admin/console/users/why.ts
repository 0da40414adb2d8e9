import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Account } from '../../../accounts/account.ts'
import type { ClientView } from '../../../clients/view.ts'
import { unlessCode } from '../../../shared/errors.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { secondOf } from '../../../shared/moment.ts'
import { own } from '../../../shared/own.ts'
import type { ConsoleDependencies } from '../context.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import type { ProvidersDependencies } from '../providers/routes.ts'
import { lockCauseOf } from './lock-cause.ts'
import type { UsersDependencies } from './routes.ts'
import { type Check, checksOf } from './why-checks.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/users-why': {
      frame: ConsoleFrame
      username: string
      base: string
      /** The client that was chosen, and whether there is none of this ID. */
      client: string
      unknownClient: boolean
      /** To choose from: the newest. */
      apps: { id: string; name: string }[]
      /** What stops them first; undefined: nothing that is known here. */
      verdict?: Check | undefined
      checks: Check[]
      refusals: { href: string; when: string; reason: string; from: string }[]
    }
  }
}

export interface WhyDependencies extends Pick<ProvidersDependencies, 'providers'> {
  why: {
    client(id: string): Promise<ClientView>
    /** The newest clients. */
    clients(limit: number): Promise<ClientView[]>
    /** Whether an account is among those that a client is for. */
    admits(client: ClientView, accountId: string): Promise<boolean>
    /** How many browsers of an account are locked by themselves. */
    lockedDevices(accountId: string): Promise<number>
    /** The hooks that are on, before a sign-in. */
    hooks(): Promise<{ id: string; name: string }[]>
    isLeaving(account: Account): boolean
  }
}

const query = z.object({ client: z.string().trim().max(300).default('').catch('') })

/** Reasons of the log that a person meets, in words. */
const REASONS: Readonly<Record<string, TextKey>> = {
  wrong: 'admin.users.why.refused_wrong',
  locked: 'admin.users.why.refused_locked',
  disabled: 'admin.users.why.refused_disabled',
  leaving: 'admin.users.why.refused_leaving',
  superseded: 'admin.users.why.refused_superseded',
}

/** Other reasons are codes: they are shown as words, in English. */
function reasonOf(reason: unknown): string {
  if (reason === undefined || reason === null) return t('admin.users.why.refused')
  const key = own(REASONS, String(reason))
  return key === undefined ? String(reason).replaceAll('_', ' ') : t(key)
}

const SHOWN = 5
const APPS = 100

/** `/admin/users/:id/why`: why a person cannot sign in, and what mends it. */
export function whyRoute(
  app: FastifyInstance,
  deps: ConsoleDependencies & UsersDependencies & WhyDependencies,
  find: (id: string) => Promise<Account>,
): void {
  const { users, audit, why } = deps

  const findClient = async (id: string): Promise<ClientView | undefined> => {
    if (id === '') return undefined
    return (await why.client(id).catch(unlessCode('client_not_found'))) ?? undefined
  }

  app.get<{ Params: { id: string } }>(
    '/admin/users/:id/why',
    { config: { admin: 'user.read' } },
    async (request, reply) => {
      const user = await find(request.params.id)
      const { client: wanted } = query.parse(request.query)
      const [
        ways,
        providers,
        lockedDevices,
        lockCause,
        waiting,
        organizations,
        hooks,
        refused,
        apps,
        client,
      ] = await Promise.all([
        users.signInMethods(user.id),
        deps.providers.list(),
        why.lockedDevices(user.id),
        lockCauseOf(deps, user.id),
        deps.factors.recovery.waiting(user),
        deps.organizations.members.ofAccount(user.id),
        why.hooks(),
        audit.list({ target: user.id, action: 'account.sign_in_failed' }, { limit: SHOWN }),
        why.clients(APPS),
        findClient(wanted),
      ])
      const checks = checksOf({
        ...{ user, providers, organizations, hooks, lockedDevices, lockCause },
        now: deps.clock(),
        leaving: why.isLeaving(user),
        password: ways.password,
        identities: ways.identities,
        setting: deps.secondFactor(),
        recovering: waiting !== undefined,
        app: client && { client, admits: await why.admits(client, user.id) },
      })
      const data = {
        username: user.displayUsername,
        base: `/admin/users/${user.id}`,
        client: wanted,
        unknownClient: wanted !== '' && client === undefined,
        apps: apps.map(({ client_id: id, client_name: name }) => ({ id, name })),
        verdict: checks.find(({ state }) => state === 'stops'),
        checks,
        refusals: refused.items.map(({ seq, at, address, details }) => ({
          href: `/admin/audit/${seq}`,
          when: secondOf(at),
          reason: reasonOf(details.reason),
          from: address ?? '–',
        })),
      }
      return renderConsole(request, reply, 'users', 'admin/users-why', data)
    },
  )
}
