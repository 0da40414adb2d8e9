import type { FastifyInstance } from 'fastify'
import type { ClientView } from '../../../clients/view.ts'
import { t } from '../../../shared/locales/texts.ts'
import { dayOf, isoDay, minuteOf } from '../../../shared/moment.ts'
import type { AuditDependencies } from '../audit/routes.ts'
import { type AuditRow, rowOf } from '../audit/view.ts'
import type { ConsoleDependencies } from '../context.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import { withQuery } from '../page-links.ts'
import { type RejectionsDependencies, rejectionHref } from '../rejections/routes.ts'
import type { Tab } from '../tabs.ts'
import type { ClientsDependencies } from './dependencies.ts'
import { type MissingAccess, missingAccess } from './named-access.ts'
import type { IdParams } from './page.ts'
import { clientTabs } from './tabs.ts'
import { usageInNumbers } from './view.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/clients-access': {
      frame: ConsoleFrame
      name: string
      base: string
      tabs: Tab[]
      /** For whom it is: names of groups and roles with where they are found; undefined: for everyone. */
      restricted?: { kind: string; name: string; href: string }[] | undefined
      missing: MissingAccess
      /** What it may ask for, by the API that has it. */
      apis: {
        name: string
        href?: string | undefined
        scopes: { name: string; about?: string | undefined }[]
      }[]
      /** It may ask for everything about a person. */
      allIdentity: boolean
      usage: ReturnType<typeof usageInNumbers>
    }
    'admin/clients-activity': {
      frame: ConsoleFrame
      id: string
      name: string
      base: string
      tabs: Tab[]
      use: string
      rejections: { href: string; at: string; title: string; error: string }[]
      history: AuditRow[]
    }
  }
}

/** Lines of each list; the lists themselves have the rest. */
const LINES = 10
const DAY = 86_400_000
/** Of these many days it is told on how many a client was in use. */
const DAYS = 30

export interface ClientInsightDependencies
  extends Pick<AuditDependencies, 'audit' | 'auditSentence'>,
    Pick<RejectionsDependencies, 'rejections'> {
  /** The days (“2026-11-25”) on which a client was in use, since one of them, oldest first. */
  clientDays(clientId: string, since: string): Promise<string[]>
}

/** Groups and roles that a client is for. */
function restrictedTo({ access }: ClientView) {
  if (typeof access !== 'object' || access === null) return undefined
  return [
    ...(access.groups ?? []).map((name) => ({
      kind: t('admin.common.group'),
      name,
      href: withQuery('/admin/groups', { search: name }),
    })),
    ...(access.roles ?? []).map((name) => ({
      kind: t('admin.common.role'),
      name,
      href: withQuery('/admin/roles', { search: name.slice(name.indexOf(' ') + 1) }),
    })),
  ]
}

/** `/admin/clients/:id/access` and `/activity`: what a client may ask for and who may use it; what it did and what was done to it. */
export async function clientInsight(
  app: FastifyInstance,
  deps: ConsoleDependencies & ClientsDependencies & ClientInsightDependencies,
): Promise<void> {
  const baseOf = ({ client_id: id }: ClientView) => `/admin/clients/${encodeURIComponent(id)}`

  app.get<IdParams>(
    '/admin/clients/:id/access',
    { config: { admin: 'client.read' } },
    async (request, reply) => {
      const client = await deps.clients.get(request.params.id)
      const [{ items }, { unknown }, missing, usage] = await Promise.all([
        deps.listApis(),
        deps.clientScopes.sorted(client.scope),
        missingAccess(client.access, deps),
        deps.usageOf(client.client_id),
      ])
      const wanted = new Set(client.scope?.split(' ').filter(Boolean))
      const ofApis = items
        .map(({ identifier, name, scope, scope_descriptions: words }) => ({
          name,
          href: withQuery('/admin/resources/api', { identifier }),
          scopes: scope
            .split(' ')
            .filter((each) => wanted.has(each))
            .map((each) => ({ name: each, about: words?.[each]?.title })),
        }))
        .filter(({ scopes }) => scopes.length > 0)
      const known = new Set([...ofApis.flatMap(({ scopes }) => scopes.map(({ name }) => name)), ...unknown])
      const rest = [...wanted].filter((each) => !known.has(each)).map((name) => ({ name }))
      const data = {
        name: client.client_name,
        base: baseOf(client),
        tabs: clientTabs(client, '/access'),
        restricted: restrictedTo(client),
        missing,
        apis: [
          ...(rest.length > 0 ? [{ name: t('admin.clients.access.identity'), scopes: rest }] : []),
          ...ofApis,
          ...(unknown.length > 0
            ? [
                {
                  name: t('admin.clients.access.noApi'),
                  scopes: unknown.map((name) => ({ name, about: t('admin.clients.access.refused') })),
                },
              ]
            : []),
        ],
        allIdentity: client.scope === undefined,
        usage: usageInNumbers(usage, deps.usageCounted),
      }
      return renderConsole(request, reply, 'clients', 'admin/clients-access', data)
    },
  )

  app.get<IdParams>(
    '/admin/clients/:id/activity',
    { config: { admin: 'client.read' } },
    async (request, reply) => {
      const client = await deps.clients.get(request.params.id)
      const id = client.client_id
      const [rejected, entries, days] = await Promise.all([
        deps.rejections.list({ clientId: id, limit: LINES }),
        deps.audit.list({ target: id }, { limit: LINES }),
        deps.clientDays(id, isoDay(deps.clock() - (DAYS - 1) * DAY)),
      ])
      const last = days.at(-1)
      const data = {
        id,
        name: client.client_name,
        base: baseOf(client),
        tabs: clientTabs(client, '/activity'),
        use:
          last === undefined
            ? t('admin.clients.activity.unused', { days: DAYS })
            : t('admin.clients.activity.used', {
                count: days.length,
                days: DAYS,
                last: dayOf(Date.parse(last)),
              }),
        rejections: rejected.items.map(({ id: reference, at, title, error }) => ({
          href: rejectionHref(reference),
          at: minuteOf(at),
          title,
          error,
        })),
        history: entries.items.map((entry) => rowOf(deps, entry)),
      }
      return renderConsole(request, reply, 'clients', 'admin/clients-activity', data)
    },
  )
}
