import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Audit } from '../../../audit/audit.ts'
import type { ActionGroup } from '../../../audit/event-types.ts'
import type { AuditFilters } from '../../../audit/filters.ts'
import { AppError } from '../../../shared/errors.ts'
import { described } from '../../../shared/locales/described.ts'
import { message, type TextKey, t } from '../../../shared/locales/texts.ts'
import { isoDay } from '../../../shared/moment.ts'
import { askedPlace } from '../../../shared/paging.ts'
import { ValidationError } from '../../../shared/validation-error.ts'
import type { ConsoleDependencies } from '../context.ts'
import { asFormErrors } from '../form-errors.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import { PAGE, pageLinks, withQuery } from '../page-links.ts'
import type { LabelDependencies } from './labels.ts'
import type { AuditSentence } from './sentence.ts'
import { type AuditRow, type EntryView, entryView, rowOf, type Verification, verificationOf } from './view.ts'

export interface AuditDependencies extends LabelDependencies {
  audit: Pick<Audit, 'list' | 'find' | 'export' | 'verify'>
  /** What was done, in words behind the name of who did it. */
  auditSentence: AuditSentence
  /** What there is to filter by. */
  auditActions: ActionGroup[]
}

/** What is wrong with the filters. */
type Refused = ReturnType<typeof asFormErrors>

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/audit': {
      frame: ConsoleFrame
      filters: AuditFilters
      filtered: boolean
      /** What is filtered by, each with the address of the list without it. */
      chips: { label: string; href: string }[]
      actions: AuditDependencies['auditActions']
      rows: AuditRow[]
      exports: { csv: string; jsonl: string }
      verified: Verification | undefined
      verify: { action: string }
      first?: string | undefined
      next?: string | undefined
      refused?: Refused | undefined
    }
    'admin/audit-one': { frame: ConsoleFrame; entry: EntryView }
  }
}

const text = z.string().trim().max(500).optional().catch(undefined)
const filters = z.object({
  action: text,
  actor: text,
  target: text,
  address: text,
  from: text,
  to: text,
  text,
})
/** What each filter is called on the page. */
const FIELDS = {
  text: 'admin.common.search',
  action: 'admin.common.what',
  actor: 'admin.common.who',
  target: 'admin.audit.target',
  address: 'admin.audit.address',
  from: 'admin.audit.from',
  to: 'admin.audit.to',
} as const satisfies Record<keyof AuditFilters, TextKey>

const chipsOf = (wanted: AuditFilters, actions: readonly ActionGroup[]) =>
  (Object.keys(FIELDS) as (keyof typeof FIELDS)[]).flatMap((name) => {
    const value = wanted[name]
    if (!value) return []
    return [
      {
        label: t('admin.audit.chip', {
          field: t(FIELDS[name]),
          value: (name === 'action' && actions.find(({ prefix }) => prefix === value)?.label) || value,
        }),
        href: withQuery('/admin/audit', { ...wanted, [name]: undefined }),
      },
    ]
  })

const place = z.object({ cursor: askedPlace })
const format = z.object({ format: z.enum(['csv', 'jsonl']) })

const TYPES = { csv: 'text/csv; charset=utf-8', jsonl: 'application/jsonl; charset=utf-8' }

/** `/admin/audit`: who did what, filtered, in full, as a file, and the proof that nothing of it was changed. */
export async function auditArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & AuditDependencies,
): Promise<void> {
  const { audit } = deps
  const known = new Set(deps.auditActions.flatMap(({ prefix, actions }) => [prefix, ...actions]))

  /** What is asked for; an action that the form does not offer is not applied. */
  function filtersOf(request: FastifyRequest): AuditFilters {
    const { action = '', ...others } = filters.parse(request.query)
    return { ...others, action: known.has(action) ? action : undefined }
  }

  async function show(request: FastifyRequest, reply: FastifyReply, wanted: AuditFilters, refused?: Refused) {
    const { cursor } = place.parse(request.query)
    const nothing: Awaited<ReturnType<Audit['list']>> = { items: [] }
    const [page, last] = await Promise.all([
      refused === undefined ? audit.list(wanted, { cursor, limit: PAGE }) : nothing,
      audit.list({ action: 'audit.verified' }, { limit: 1 }),
    ])
    const actions = deps.auditActions.map((group) => ({
      ...group,
      label: described(`admin.audit.family.${group.prefix.slice(0, -1)}`, group.label),
    }))
    const data = {
      filters: wanted,
      filtered: Object.values(wanted).some(Boolean),
      chips: chipsOf(wanted, actions),
      actions,
      rows: page.items.map((entry) => rowOf(deps, entry)),
      exports: {
        csv: withQuery('/admin/audit/export', { ...wanted, format: 'csv' }),
        jsonl: withQuery('/admin/audit/export', { ...wanted, format: 'jsonl' }),
      },
      verified: verificationOf(last.items[0]),
      verify: { action: '/admin/audit/verify' },
      ...pageLinks('/admin/audit', wanted, cursor, page.next_cursor),
      refused,
    }
    return renderConsole(request, reply, 'audit', 'admin/audit', data, { status: refused ? 400 : 200 })
  }

  app.get('/admin/audit', { config: { admin: 'audit.read' } }, async (request, reply) => {
    const wanted = filtersOf(request)
    try {
      return await show(request, reply, wanted)
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error
      return show(request, reply, wanted, asFormErrors(error))
    }
  })

  app.get('/admin/audit/export', { config: { admin: 'audit.read' } }, async (request, reply) => {
    const { format: chosen } = format.parse(request.query)
    const pieces = await audit.export(chosen, filtersOf(request))
    const day = isoDay(deps.clock())
    return reply
      .type(TYPES[chosen])
      .header('content-disposition', `attachment; filename="audit-${day}.${chosen}"`)
      .header('cache-control', 'no-store')
      .send(Readable.from(pieces))
  })

  // It changes nothing: auditors may.
  app.post('/admin/audit/verify', { config: { admin: 'audit.verify' } }, async (_request, reply) => {
    await audit.verify()
    return reply.redirect('/admin/audit', 303)
  })

  app.get<{ Params: { seq: string } }>(
    '/admin/audit/:seq',
    { config: { admin: 'audit.read' } },
    async (request, reply) => {
      const { seq } = request.params
      const entry = /^[1-9]\d{0,8}$/.test(seq) ? await audit.find(Number(seq)) : undefined
      if (entry === undefined) throw new AppError('entry_not_found', 404, message('admin.audit.entry.gone'))
      return renderConsole(request, reply, 'audit', 'admin/audit-one', { entry: entryView(deps, entry) })
    },
  )
}
