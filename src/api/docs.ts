import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { renderPage } from '../http/pages/views.ts'

/** Text of an API's document, cut where its `code` begins and ends. */
export type DocumentText = readonly { text: string; code: boolean }[]

export interface ApiDocsPage {
  title: string
  about: { paragraph?: DocumentText; list?: DocumentText[] }[]
  /** The same as a document for programs. */
  documentHref: string
  groups: { name: string; operations: ApiOperationView[] }[]
}

export interface ApiOperationView {
  id: string
  method: string
  path: string
  summary: string
  description: DocumentText
  /** Who may call it, in words. */
  access: string
  /** A command line that calls it. */
  example: string
  answers: { status: string; description: DocumentText }[]
}

declare module '../http/pages/pages.ts' {
  interface Pages {
    'api/docs': ApiDocsPage
  }
}

const DOCUMENT = '/api/openapi.json'

/** As much of an OpenAPI document as the page shows. */
const contentShape = z.record(z.string(), z.object({ example: z.unknown().optional() }))
const operationShape = z.object({
  operationId: z.string(),
  summary: z.string(),
  description: z.string().default(''),
  tags: z.tuple([z.string()]),
  security: z.array(z.record(z.string(), z.unknown())).optional(),
  requestBody: z.object({ content: contentShape }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string() })),
})
const documentShape = z.object({
  info: z.object({ title: z.string(), description: z.string() }),
  servers: z.tuple([z.object({ url: z.string() })]),
  paths: z.record(z.string(), z.record(z.string(), operationShape)),
})

type Operation = z.output<typeof operationShape>

const ACCESS: Readonly<Record<string, string>> = {
  bearer: 'access token',
  basic: 'HTTP Basic',
  session: 'session cookie',
  administration: 'an access token with the scope',
}

/** Every second piece stands between backticks. */
const inPieces = (text: string): DocumentText =>
  text.split('`').map((piece, index) => ({ text: piece, code: index % 2 === 1 }))

const aboutOf = (description: string): ApiDocsPage['about'] =>
  description.split('\n\n').map((block) => {
    const lines = block.split('\n')
    return lines.every((line) => line.startsWith('- '))
      ? { list: lines.map((line) => inPieces(line.slice(2))) }
      : { paragraph: inPieces(block) }
  })

function curl(base: string, path: string, method: string, { security, requestBody }: Operation): string {
  const lines = [`curl${method === 'get' ? '' : ` -X ${method.toUpperCase()}`} ${base}${path}`]
  const byToken = security?.some((way) => 'bearer' in way || 'administration' in way)
  if (security) lines.push(byToken ? `-H "Authorization: Bearer $ACCESS_TOKEN"` : '-u ada')
  const example = requestBody?.content['application/json']?.example
  if (example) lines.push("-H 'Content-Type: application/json'", `-d '${JSON.stringify(example)}'`)
  return lines.join(' \\\n  ')
}

function operationView(base: string, path: string, method: string, operation: Operation): ApiOperationView {
  const ways = operation.security?.flatMap((way) =>
    Object.entries(way).map(([name, scopes]) => [ACCESS[name] ?? '', scopes].flat().join(' ')),
  )
  return {
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    summary: operation.summary,
    description: inPieces(operation.description),
    access: ways ? `Needs ${ways.join(', or ')}` : 'Anybody may call it',
    example: curl(base, path, method, operation),
    answers: Object.entries(operation.responses).map(([status, { description }]) => ({
      status,
      description: inPieces(description),
    })),
  }
}

/** The page that shows an OpenAPI document. */
export function docsPage(document: unknown): ApiDocsPage {
  const { info, servers, paths } = documentShape.parse(document)
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      group: operation.tags[0],
      view: operationView(servers[0].url, path, method, operation),
    })),
  )
  const groups = Map.groupBy(operations, ({ group }) => group)
  return {
    title: `${info.title} API`,
    about: aboutOf(info.description),
    documentHref: DOCUMENT,
    groups: [...groups].map(([name, all]) => ({ name, operations: all.map(({ view }) => view) })),
  }
}

/**
 * `/api/openapi.json`, and `/api/docs`: the same for people, as a page of ours. The usual viewer brings twelve megabytes
 * of script, and styles that the Content-Security-Policy refuses.
 */
export function docsRoutes(app: FastifyInstance): void {
  let page: ApiDocsPage | undefined
  app.get(DOCUMENT, { schema: { hide: true } }, async () => app.swagger())
  app.get('/api/docs', { schema: { hide: true } }, (_request, reply) => {
    page ??= docsPage(app.swagger())
    return renderPage(reply, 'api/docs', page)
  })
}
