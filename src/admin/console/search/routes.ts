import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import { isPlaceOpen, sectionLabel } from '../sections.ts'
import { type Hit, type SearchDependencies, type Source, sourcesOf } from './sources.ts'

export type { SearchDependencies } from './sources.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/search': {
      frame: ConsoleFrame
      q: string
      /** What is exactly called so, before all else. */
      exact: (Hit & { kind: string })[]
      groups: { id: string; label: string; hits: Hit[]; all?: string | undefined }[]
    }
  }
}

/** Things of a kind on the page; the list of its place has the rest. */
const SHOWN = 5

const query = z.object({
  q: z
    .string()
    .transform((text) => text.replaceAll('\0', '').normalize('NFKC').trim().slice(0, 200))
    .catch(''),
})

async function look(source: Source, text: string) {
  const [exact, partly = []] = await Promise.all([source.exactly(text), source.partly?.(text, SHOWN + 1)])
  const known = new Set(exact.map(({ href }) => href))
  const others = partly.filter(({ href }) => !known.has(href))
  return { source, exact, hits: others.slice(0, SHOWN), more: others.length > SHOWN }
}

/** `/admin/search`: users, clients, APIs, groups, roles, organizations, and what errors are referred to by. */
export async function searchArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & SearchDependencies,
): Promise<void> {
  const sources = sourcesOf(deps)
  const labelOf = ({ section }: Source) => sectionLabel(section)

  app.get('/admin/search', { config: { admin: 'any' } }, async (request, reply) => {
    const { q } = query.parse(request.query)
    const { authority } = administratorOf(request)
    const open = sources.filter(({ section }) => isPlaceOpen(authority, section))
    const looked = q === '' ? [] : await Promise.all(open.map((source) => look(source, q)))
    return renderConsole(request, reply, 'search', 'admin/search', {
      q,
      exact: looked.flatMap(({ source, exact }) => exact.map((hit) => ({ ...hit, kind: labelOf(source) }))),
      groups: looked
        .filter(({ hits }) => hits.length > 0)
        .map(({ source, hits, more }) => ({
          id: source.section,
          label: labelOf(source),
          hits,
          all: more ? source.all?.(q) : undefined,
        })),
    })
  })
}
