import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Segment } from '../../../rejections/alignment.ts'
import type { ExplainedRejection, Rejections } from '../../../rejections/rejections.ts'
import { AppError } from '../../../shared/errors.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { REJECTION_ORDERS } from '../../../shared/orders.ts'
import { askedPlace } from '../../../shared/paging.ts'
import type { ConsoleDependencies } from '../context.ts'
import { type CountChip, countChip } from '../count-chips.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import { sendCsv } from '../listed.ts'
import { PAGE, pageLinks, withQuery } from '../page-links.ts'
import { type SortLink, sortLink } from '../sorting.ts'
import { rejectionFix } from './fix.ts'
import { type ComparedRow, compared, ENDPOINTS, endpointInWords, when } from './view.ts'

export interface RejectionsDependencies {
  rejections: Pick<Rejections, 'listing' | 'list' | 'show' | 'errors' | 'dropped' | 'fix'>
  clientName(clientId: string): Promise<string | undefined>
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/rejections': {
      frame: ConsoleFrame
      rows: {
        href: string
        /** Milliseconds since the epoch. */
        at: number
        endpoint: string
        client: string
        error: string
        title: string
      }[]
      filter: { client: string; error: string; endpoint: string }
      /** How it is sorted, unless it is as usual. */
      sort: string | undefined
      columns: Record<'at' | 'endpoint' | 'error', SortLink>
      filtered: boolean
      /** Errors as filters, with how many there are of each. */
      chips: CountChip[]
      endpoints: [value: string, label: string][]
      /** What was looked for and is not kept. */
      missing?: string | undefined
      dropped: number
      csv: { href: string; label: string } | undefined
      first?: string | undefined
      next?: string | undefined
    }
    'admin/rejections-one': {
      frame: ConsoleFrame
      id: string
      alert?: string | undefined
      explanation: ExplainedRejection['explanation']
      fixHref?: string | undefined
      /** The registered redirect URI that the app should send, where what it sent is a slip. */
      copy?: string | undefined
      registeredSince: boolean
      alignment?: { segments: Segment[] } | undefined
      rows: ComparedRow[]
      facts: { label: string; value: string; href?: string | undefined; code?: boolean }[]
    }
  }
}

const text = z.string().trim().max(300).optional().catch(undefined)
const LIST = '/admin/rejections'
const USUAL = '-at'

const query = z.object({
  ...{ client: text, error: text, reference: text },
  endpoint: z.enum(ENDPOINTS).optional().catch(undefined),
  sort: z.enum(REJECTION_ORDERS).catch(USUAL).default(USUAL),
  cursor: askedPlace,
})
type Asked = z.infer<typeof query>

const wantedOf = ({ client, error, endpoint, sort }: Asked) => ({
  where: { clientId: client || undefined, error: error || undefined, endpoint: endpoint || undefined },
  order: sort,
})

/** The parameters of the address that say what is listed. */
const keptOf = ({ client = '', error = '', endpoint, sort }: Asked) => ({
  ...{ client, error, endpoint: endpoint ?? '' },
  sort: sort === USUAL ? undefined : sort,
})

/** The most frequent errors. */
const MOST_CHIPS = 12

const NOTICES: Readonly<Record<string, TextKey>> = {
  add: 'admin.rejections.done.add',
  replace: 'admin.rejections.done.replace',
}

export const rejectionHref = (id: string): string => `${LIST}/${encodeURIComponent(id)}`

/** Shows a refused request, explained. */
export function renderRejection(
  request: FastifyRequest,
  reply: FastifyReply,
  { rejection, client, explanation, alignment, fix, registeredSince }: ExplainedRejection,
  { alert, status, notice }: { alert?: string; status?: number; notice?: string | undefined } = {},
): FastifyReply {
  const clientId = rejection.clientId ?? client?.client_id
  const data = {
    id: rejection.id,
    alert,
    explanation,
    fixHref: fix && `${rejectionHref(rejection.id)}/fix`,
    registeredSince,
    alignment,
    copy: /_typo$/.test(explanation.rule) ? alignment?.registered : undefined,
    rows: compared(rejection),
    facts: [
      { label: t('admin.rejections.reference'), value: rejection.id, code: true },
      { label: t('admin.common.when'), value: when(rejection.at) },
      { label: t('admin.common.request'), value: endpointInWords(rejection.endpoint) },
      {
        label: t('admin.common.client'),
        value:
          client?.client_name ??
          clientId ??
          rejection.details.claimed_client_id ??
          t('admin.rejections.noClient'),
        href: client && `/admin/clients/${encodeURIComponent(client.client_id)}`,
      },
      { label: t('admin.rejections.error'), value: rejection.error, code: true },
      { label: t('admin.rejections.told'), value: rejection.description ?? '' },
      { label: t('admin.rejections.knows'), value: rejection.details.detail ?? '' },
    ].filter(({ value }) => value !== ''),
  }
  return renderConsole(request, reply, 'rejections', 'admin/rejections-one', data, {
    notice,
    ...(status !== undefined && { status }),
  })
}

/** `/admin/rejections`: what was refused, why, and what to do about it. */
export async function rejectionsArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & RejectionsDependencies,
): Promise<void> {
  const { rejections } = deps

  /** The reference that was looked for, if something is kept under it. */
  async function found(reference: string): Promise<string | undefined> {
    try {
      return (await rejections.show(reference)).rejection.id
    } catch (error) {
      if (error instanceof AppError && error.status === 404) return undefined
      throw error
    }
  }

  /** The chips above the list; one that filters stays, though there is none left of its error. */
  async function chipsOf(kept: ReturnType<typeof keptOf>): Promise<CountChip[]> {
    const counts = (await rejections.errors()).slice(0, MOST_CHIPS)
    const gone = kept.error !== '' && counts.every(({ error }) => error !== kept.error)
    return [...counts, ...(gone ? [{ error: kept.error, count: 0 }] : [])].map(({ error, count }) =>
      countChip(LIST, kept, { label: error, count, parameter: 'error', value: error }),
    )
  }

  app.get(LIST, { config: { admin: 'rejection.read' } }, async (request, reply) => {
    const asked = query.parse(request.query)
    const { reference, cursor, sort } = asked
    if (reference) {
      const id = await found(reference)
      if (id !== undefined) return reply.redirect(rejectionHref(id), 303)
    }
    const kept = keptOf(asked)
    const { client, error, endpoint } = kept
    const page = await rejections.listing.page({ ...wantedOf(asked), cursor, limit: PAGE })
    const column = (label: TextKey, first: string) =>
      sortLink(LIST, kept, { label: t(label), first, order: sort, usual: USUAL })
    const ids = [...new Set(page.items.flatMap(({ clientId }) => clientId ?? []))]
    const names = new Map(await Promise.all(ids.map(async (id) => [id, await deps.clientName(id)] as const)))
    const data = {
      rows: page.items.map((item) => ({
        href: rejectionHref(item.id),
        at: item.at,
        endpoint: endpointInWords(item.endpoint),
        client: names.get(item.clientId ?? '') ?? item.clientId ?? item.details.claimed_client_id ?? '–',
        error: item.error,
        title: item.title,
      })),
      filter: { client, error, endpoint },
      filtered: client !== '' || error !== '' || endpoint !== '',
      sort: kept.sort,
      columns: {
        at: column('admin.common.when', USUAL),
        endpoint: column('admin.common.request', 'endpoint'),
        error: column('admin.rejections.mistake', 'error'),
      },
      chips: await chipsOf(kept),
      endpoints: ENDPOINTS.map((endpoint): [string, string] => [endpoint, endpointInWords(endpoint)]),
      missing: reference || undefined,
      dropped: rejections.dropped(),
      csv:
        page.items.length > 0
          ? { href: withQuery(`${LIST}/export.csv`, kept), label: t('admin.rejections.csv') }
          : undefined,
      ...pageLinks(LIST, kept, cursor, page.next_cursor),
    }
    return renderConsole(request, reply, 'rejections', 'admin/rejections', data)
  })

  app.get(`${LIST}/export.csv`, { config: { admin: 'rejection.read' } }, async (request, reply) => {
    const pieces = rejections.listing.exported(wantedOf(query.parse(request.query)))
    return sendCsv(reply, 'refused-requests', deps.clock(), pieces)
  })

  app.get<{ Params: { id: string }; Querystring: { done?: unknown } }>(
    '/admin/rejections/:id',
    { config: { admin: 'rejection.read' } },
    async (request, reply) => {
      const notice = noticeIn(NOTICES, request.query.done)
      return renderRejection(request, reply, await rejections.show(request.params.id), { notice })
    },
  )

  await rejectionFix(app, deps)
}
