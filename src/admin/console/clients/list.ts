import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ListedClient, ListingQuery } from '../../../clients/listing/listing.ts'
import type { ClientView } from '../../../clients/view.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import { kindOf, LISTED_KINDS } from '../../../shared/client-kind.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { daysAgoInWords } from '../../../shared/moment.ts'
import { CLIENT_ORDERS } from '../../../shared/orders.ts'
import { askedPlace } from '../../../shared/paging.ts'
import { withinLimits } from '../../access.ts'
import { type BulkButton, bulkButtons, bulkNotice, bulkRoutes } from '../bulk.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { type CountChip, countChip } from '../count-chips.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import { sendCsv } from '../listed.ts'
import { PAGE, pageLinks, withQuery } from '../page-links.ts'
import { mayBeMcp } from '../snippets/snippet.ts'
import { type SortLink, sortLink } from '../sorting.ts'
import { clientsBulk } from './bulk.ts'
import type { ClientsDependencies } from './dependencies.ts'
import { NOTICES } from './view.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/clients': {
      frame: ConsoleFrame
      /** What can be done to several at once. */
      bulk: BulkButton[]
      chips: CountChip[]
      columns: Record<'name' | 'used' | 'created', SortLink>
      clients: {
        href: string
        name: string
        id: string
        kind: string
        tags: string[]
        /** Milliseconds since the epoch. */
        created: number
        used: string
        usedDay: string | undefined
      }[]
      search: string
      /** What else the list is narrowed and sorted by, for the form of the search. */
      kept: Record<string, string>
      /** Where all are, while it is narrowed. */
      all: string | undefined
      csv: { href: string; label: string } | undefined
      first?: string | undefined
      next?: string | undefined
    }
  }
}

const LIST = '/admin/clients'
const USUAL = '-created'

const query = z.object({
  q: z.string().max(200).catch('').default(''),
  kind: z.enum(LISTED_KINDS).optional().catch(undefined),
  state: z.enum(['enabled', 'disabled']).optional().catch(undefined),
  checked: z.enum(['no']).optional().catch(undefined),
  registered: z.enum(['self']).optional().catch(undefined),
  used: z.enum(['no']).optional().catch(undefined),
  sort: z.enum(CLIENT_ORDERS).catch(USUAL).default(USUAL),
  cursor: askedPlace,
})
type Asked = z.infer<typeof query>

/** The parameters of the address that say what is listed. */
const keptOf = ({ cursor: _cursor, sort, ...filters }: Asked): Record<string, string | undefined> => ({
  ...filters,
  sort: sort === USUAL ? undefined : sort,
})

const wantedOf = ({ q, kind, state, checked, registered, used, sort }: Asked): ListingQuery => ({
  search: q,
  kind,
  states: [
    ...(state === undefined ? [] : [state]),
    ...(checked === undefined ? [] : (['unverified'] as const)),
    ...(registered === undefined ? [] : (['self_registered'] as const)),
  ],
  unused: used !== undefined,
  order: sort,
  ...withinLimits.clients(),
})

const STATES: readonly {
  count: 'enabled' | 'disabled' | 'unverified' | 'self_registered' | 'unused'
  label: TextKey
  parameter: string
  value: string
}[] = [
  { count: 'enabled', label: 'admin.clients.chip.enabled', parameter: 'state', value: 'enabled' },
  { count: 'disabled', label: 'admin.common.disabled', parameter: 'state', value: 'disabled' },
  { count: 'unverified', label: 'admin.clients.tag.unchecked', parameter: 'checked', value: 'no' },
  { count: 'self_registered', label: 'admin.clients.chip.self', parameter: 'registered', value: 'self' },
  { count: 'unused', label: 'admin.clients.chip.unused', parameter: 'used', value: 'no' },
]

/** The chips above the list; none for a role with a limit, which sees a part of what is counted. */
async function chipsOf(
  { clientListing }: Pick<ClientsDependencies, 'clientListing'>,
  request: FastifyRequest,
  asked: Asked,
): Promise<CountChip[]> {
  if (administratorOf(request).authority.scope !== undefined) return []
  const counts = await clientListing.counts()
  const kept = keptOf(asked)
  const kinds = LISTED_KINDS.filter((kind) => counts[kind] > 0 || asked.kind === kind).map((value) =>
    countChip(LIST, kept, {
      ...{ parameter: 'kind', value, count: counts[value] },
      label: t(`admin.clients.kind.${value}`),
    }),
  )
  const states = STATES.map(({ count, label, ...chip }) =>
    countChip(LIST, kept, { ...chip, label: t(label), count: counts[count] }),
  )
  return [...kinds, ...states]
}

const kindInWords = (client: ClientView): string => {
  if (client.profile !== undefined) return t('admin.clients.kind.fapi')
  return t(mayBeMcp(client) ? 'admin.clients.kind.nativeOrMcp' : `admin.clients.kind.${kindOf(client)}`)
}

const rowOf = ({ client, lastUsedDay }: ListedClient, now: number) => ({
  href: `${LIST}/${client.client_id}`,
  name: client.client_name,
  id: client.client_id,
  kind: kindInWords(client),
  tags: [
    ...(client.disabled ? [t('admin.common.disabled')] : []),
    ...(client.first_party ? [t('admin.clients.tag.own')] : []),
    ...(client.verified ? [] : [t('admin.clients.tag.unchecked')]),
  ],
  created: client.client_id_issued_at * 1000,
  used: lastUsedDay === undefined ? t('admin.common.never') : daysAgoInWords(lastUsedDay, now),
  usedDay: lastUsedDay,
})

/** `/admin/clients`: the list, narrowed and sorted by links, and as a file. */
export function clientList(app: FastifyInstance, deps: ConsoleDependencies & ClientsDependencies): void {
  const bulk = clientsBulk(deps)
  bulkRoutes(app, bulk)

  app.get(LIST, { config: { admin: 'client.read', within: 'clients' } }, async (request, reply) => {
    const asked = query.parse(request.query)
    const { q, sort, cursor } = asked
    const kept = keptOf(asked)
    const page = await deps.clientListing.page({ ...wantedOf(asked), limit: PAGE, cursor })
    const column = (label: TextKey, first: string) =>
      sortLink(LIST, kept, { label: t(label), first, order: sort, usual: USUAL })
    const narrowed = Object.entries(kept).some(([name, value]) => name !== 'sort' && value)
    const { q: _q, ...others } = kept
    const data = {
      bulk: bulkButtons(bulk, request),
      chips: await chipsOf(deps, request, asked),
      columns: {
        name: column('admin.common.client', 'name'),
        used: column('admin.common.last_used', '-used'),
        created: column('admin.common.registered', USUAL),
      },
      clients: page.items.map((each) => rowOf(each, deps.clock())),
      search: q,
      kept: Object.fromEntries(
        Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
      ),
      all: narrowed ? LIST : undefined,
      csv: { href: withQuery(`${LIST}/export.csv`, kept), label: t('admin.clients.csv') },
      ...pageLinks(LIST, kept, cursor, page.next_cursor),
    }
    const notice =
      noticeIn(NOTICES, (request.query as { done?: unknown }).done) ?? bulkNotice(bulk, request.query)
    return renderConsole(request, reply, 'clients', 'admin/clients', data, { notice })
  })

  app.get(
    `${LIST}/export.csv`,
    { config: { admin: 'client.read', within: 'clients' } },
    async (request, reply) => {
      const pieces = deps.clientListing.exported(wantedOf(query.parse(request.query)))
      return sendCsv(reply, 'clients', deps.clock(), pieces)
    },
  )
}
