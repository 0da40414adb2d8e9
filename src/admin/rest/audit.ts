import { Readable } from 'node:stream'
import { z } from 'zod'
import type { RestContext } from './context.ts'
import { operation } from './operation.ts'
import { pageQuery, sendPage } from './paging.ts'
import { pageOf, timestamp } from './schemas.ts'

const area = 'audit log' as const

const entry = z
  .object({
    seq: z.int(),
    time: timestamp,
    action: z.string().meta({ examples: ['client.updated'] }),
    actor_kind: z.string().meta({ description: 'account, client, command_line, server or anonymous.' }),
    actor_id: z.string().nullable(),
    actor_name: z.string().nullable(),
    target_kind: z.string().nullable(),
    target_id: z.string().nullable(),
    target_name: z.string().nullable(),
    address: z.string().nullable(),
    request_id: z.string().nullable(),
    details: z.record(z.string(), z.unknown()).meta({ description: 'Reason, before, after. No secrets.' }),
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry', description: 'Who did what to what, from where.' })

const text = (description: string) => z.string().max(500).optional().meta({ description })

/** The words that the log is searched by are the log's own to judge. */
const filters = {
  action: text('One action (`client.updated`), or the beginning of several (`client.`).'),
  actor: text('An id, a username, or a kind of actor.'),
  target: text('An id or a username.'),
  address: text('A network address.'),
  from: text('From this day or time on.'),
  to: text('Before this time; a day counts whole.'),
  text: text('What names, ids or details hold.'),
}

const listAudit = operation({
  id: 'listAudit',
  area,
  needs: 'read',
  summary: 'Search the audit log',
  description: 'Newest first.',
  safe: true,
  query: pageQuery.extend(filters),
  answers: [200, 'A page; `Link` has the address of the next one.', pageOf(entry)],
  problems: [400],
})

const exportAudit = operation({
  id: 'exportAudit',
  area,
  needs: 'read',
  summary: 'Export the audit log',
  description: 'Everything that fits, newest first: JSON Lines (`application/jsonl`) or CSV (`text/csv`).',
  safe: true,
  query: z.strictObject({
    format: z.enum(['jsonl', 'csv'], 'Use jsonl or csv.').default('jsonl'),
    ...filters,
  }),
  answers: [200, 'The entries, as a file.'],
  problems: [400],
})

/** `/audit` */
export function auditRoutes({ app, deps }: RestContext): void {
  const limit = deps.limit('admin')

  app.get('/audit', { ...listAudit, ...limit }, async (request, reply) => {
    const { limit: most, cursor, ...wanted } = request.query
    const page = await deps.audit.list(wanted, { limit: most, cursor })
    return sendPage(request, reply, deps.issuer, page, (each) => each as z.input<typeof entry>)
  })

  app.get('/audit/export', { ...exportAudit, ...limit }, async (request, reply) => {
    const { format, ...wanted } = request.query
    const lines = await deps.audit.export(format, wanted)
    return reply
      .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl; charset=utf-8')
      .header('content-disposition', `attachment; filename="audit.${format}"`)
      .send(Readable.from(lines) as never)
  })
}
