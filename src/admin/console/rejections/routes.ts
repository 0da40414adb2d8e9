import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Segment } from '../../../rejections/alignment.ts'
import type { ExportRejections } from '../../../rejections/export.ts'
import type { ExplainedRejection, Rejections } from '../../../rejections/rejections.ts'
import { AppError } from '../../../shared/errors.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { type ConsoleDependencies, type ConsoleFrame, renderConsole } from '../context.ts'
import { type CountChip, countChip } from '../count-chips.ts'
import { sendCsv } from '../listed.ts'
import { PAGE, pageLinks, withQuery } from '../page-links.ts'
import { rejectionFix } from './fix.ts'
import { type ComparedRow, compared, ENDPOINTS, endpointInWords, when } from './view.ts'

export interface RejectionsDependencies {
  rejections: Pick<Rejections, 'list' | 'show' | 'errors' | 'dropped' | 'fix'>
  exportRejections: ExportRejections
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
const query = z.object({ client: text, error: text, endpoint: text, reference: text, cursor: text })

/** The most frequent errors. */
const MOST_CHIPS = 12

const NOTICES: Readonly<Record<string, TextKey>> = {
  add: 'admin.rejections.done.add',
  replace: 'admin.rejections.done.replace',
}

export const rejectionHref = (id: string): string => `/admin/rejections/${encodeURIComponent(id)}`

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
  async function chipsOf(filter: { client: string; error: string; endpoint: string }): Promise<CountChip[]> {
    const counts = (await rejections.errors()).slice(0, MOST_CHIPS)
    const gone = filter.error !== '' && counts.every(({ error }) => error !== filter.error)
    return [...counts, ...(gone ? [{ error: filter.error, count: 0 }] : [])].map(({ error, count }) =>
      countChip('/admin/rejections', filter, { label: error, count, parameter: 'error', value: error }),
    )
  }

  app.get('/admin/rejections', { config: { admin: 'rejection.read' } }, async (request, reply) => {
    const { reference, cursor, ...filter } = query.parse(request.query)
    if (reference) {
      const id = await found(reference)
      if (id !== undefined) return reply.redirect(rejectionHref(id), 303)
    }
    const { client = '', error = '', endpoint = '' } = filter
    const page = await rejections.list({
      clientId: client || undefined,
      error: error || undefined,
      endpoint: endpoint || undefined,
      cursor,
      limit: PAGE,
    })
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
      chips: await chipsOf({ client, error, endpoint }),
      endpoints: ENDPOINTS.map((endpoint): [string, string] => [endpoint, endpointInWords(endpoint)]),
      missing: reference || undefined,
      dropped: rejections.dropped(),
      csv:
        page.items.length > 0
          ? {
              href: withQuery('/admin/rejections/export.csv', { client, error, endpoint }),
              label: t('admin.rejections.csv'),
            }
          : undefined,
      ...pageLinks('/admin/rejections', { client, error, endpoint }, cursor, page.next_cursor),
    }
    return renderConsole(request, reply, 'rejections', 'admin/rejections', data)
  })

  app.get('/admin/rejections/export.csv', { config: { admin: 'rejection.read' } }, async (request, reply) => {
    const { client, error, endpoint } = query.parse(request.query)
    const wanted = {
      clientId: client || undefined,
      error: error || undefined,
      endpoint: endpoint || undefined,
    }
    return sendCsv(reply, 'refused-requests', deps.clock(), deps.exportRejections(wanted))
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
