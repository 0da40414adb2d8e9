import { Readable } from 'node:stream'
import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'
import type { RestContext } from './context.ts'
import { operation } from './operation.ts'
import { pageQuery, sendPage } from './paging.ts'
import { optionalBody, pageOf, timestamp } from './schemas.ts'

const area = 'audit log' as const

const entry = z
  .object({
    seq: z.int(),
    time: timestamp,
    action: z.string().meta({ examples: ['client.updated'] }),
    actor_kind: z
      .string()
      .meta({ description: 'account, client, provider, command_line, server or anonymous.' }),
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
  needs: 'audit.read',
  summary: 'Search the audit log',
  description: 'Newest first.',
  safe: true,
  query: pageQuery.extend(filters),
  answers: [200, 'A page; `Link` has the address of the next one.', pageOf(entry)],
  problems: [400],
})

const readEntry = operation({
  id: 'readAuditEntry',
  area,
  needs: 'audit.read',
  summary: 'Read an entry',
  safe: true,
  params: z.object({ seq: z.string().max(20) }),
  answers: [200, 'The entry.', entry],
})

const verifyAudit = operation({
  id: 'verifyAudit',
  area,
  needs: 'audit.verify',
  summary: 'Prove that nothing was changed, removed or added',
  description:
    'Goes through the whole log; that it was verified is in it too. Keep `head` outside of this server and send it with the next verification.',
  body: optionalBody(
    {
      head: z.string('Use the head of an earlier verification.').max(200).optional().meta({
        description:
          'A head from earlier (`seq:hash`), of this operation or of the server’s log, which must still fit.',
      }),
    },
    { head: '17:e1ohYN4NYUsQmFweEnbPNNbAGpdItfn7iX7YwebeHdg' },
  ),
  answers: [
    200,
    'What was found; look at `ok`.',
    z
      .object({
        ok: z.boolean(),
        entries: z.int().meta({ description: 'How many were looked at.' }),
        first: z.int().meta({ description: 'The oldest that is kept; 0: there is none.' }),
        head: z.string(),
        problems: z.array(
          z.object({
            seq: z.int(),
            kind: z.string(),
            message: z.string(),
            values: z
              .record(z.string(), z.union([z.string(), z.number()]))
              .optional()
              .meta({
                description: 'What the message names, for programs.',
              }),
          }),
        ),
      })
      .meta({ id: 'AuditVerification' }),
  ],
})

const exportAudit = operation({
  id: 'exportAudit',
  area,
  needs: 'audit.read',
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
    return sendPage(request, reply, deps.issuer, page, deps.auditDocument)
  })

  app.get('/audit/:seq', { ...readEntry, ...limit }, async (request) => {
    const { seq } = request.params
    const found = /^[1-9]\d{0,8}$/.test(seq) ? await deps.audit.find(Number(seq)) : undefined
    if (found === undefined) throw new AppError('entry_not_found', 404, 'There is no such entry.')
    return deps.auditDocument(found)
  })

  app.post('/audit/verify', { ...verifyAudit, ...limit }, async (request) =>
    deps.audit.verify({ head: request.body.head }),
  )

  app.get('/audit/export', { ...exportAudit, ...limit }, async (request, reply) => {
    const { format, ...wanted } = request.query
    const lines = await deps.audit.export(format, wanted)
    return reply
      .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl; charset=utf-8')
      .header('content-disposition', `attachment; filename="audit.${format}"`)
      .send(Readable.from(lines))
  })
}
