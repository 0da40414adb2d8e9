import { z } from 'zod'
import type { Rejection } from '../../rejections/rejection.ts'
import type { RestContext } from './context.ts'
import { operation } from './operation.ts'
import { pageQuery, sendPage } from './paging.ts'
import { idParams, pageOf, time, timestamp } from './schemas.ts'

const area = 'refused requests' as const

const shape = {
  id: z.string().meta({ description: 'The reference that the error page and the log show.' }),
  time: timestamp,
  endpoint: z.string().meta({ examples: ['authorization'] }),
  client_id: z.string().nullable(),
  error: z.string().meta({ examples: ['invalid_redirect_uri'] }),
  description: z.string().nullable(),
  facts: z
    .record(z.string(), z.unknown())
    .meta({ description: 'What was sent and what was registered then. No secrets.' }),
}

const rejection = z
  .object(shape)
  .meta({ id: 'Rejection', description: 'A request that the protocol refused.' })
const explained = z
  .object({
    ...shape,
    explanation: z.object({
      rule: z.string(),
      title: z.string(),
      mistake: z.string().meta({ description: 'The likely mistake.' }),
      in_app: z.string().meta({ description: 'What to do in the app.' }),
      here: z.string().optional().meta({ description: 'What to change here.' }),
    }),
  })
  .meta({ id: 'ExplainedRejection' })

const filter = z.string().max(200).optional()

const listRejections = operation({
  id: 'listRejections',
  area,
  needs: 'rejection.read',
  summary: 'List refused requests',
  description: 'Newest first. They are kept for a while.',
  safe: true,
  query: pageQuery.extend({ client_id: filter, error: filter, endpoint: filter }),
  answers: [200, 'A page; `Link` has the address of the next one.', pageOf(rejection)],
  problems: [400],
})

const readRejection = operation({
  id: 'readRejection',
  area,
  needs: 'rejection.read',
  summary: 'Read a refused request, explained',
  safe: true,
  params: idParams,
  answers: [200, 'The request, and the likely mistake.', explained],
})

const view = ({ id, at, endpoint, clientId, error, description, details }: Rejection) => ({
  id,
  time: time(at),
  endpoint,
  client_id: clientId,
  error,
  description,
  facts: details as Record<string, unknown>,
})

/** `/rejections` */
export function rejectionRoutes({ app, deps }: RestContext): void {
  const limit = deps.limit('admin')

  app.get('/rejections', { ...listRejections, ...limit }, async (request, reply) => {
    const { client_id: clientId, ...query } = request.query
    const page = await deps.rejections.list({ ...query, clientId })
    return sendPage(request, reply, deps.issuer, page, view)
  })

  app.get('/rejections/:id', { ...readRejection, ...limit }, async (request) => {
    const { rejection: found, explanation } = await deps.rejections.show(request.params.id)
    const { inApp, here, rule, title, mistake } = explanation
    return {
      ...view(found),
      explanation: { rule, title, mistake, in_app: inApp, ...(here !== undefined && { here }) },
    }
  })
}
