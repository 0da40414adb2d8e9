import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { ConfigurationService } from '../../configuration/configuration.ts'
import type { Change } from '../../configuration/diff.ts'
import { allOf } from '../../shared/locales/lists.ts'
import { t } from '../../shared/locales/texts.ts'
import { minuteOf } from '../../shared/moment.ts'
import { byWhom } from './actor.ts'
import type { ConsoleDependencies } from './context.ts'
import { type ConsoleFrame, renderConsole } from './frame.ts'

export interface ConfigurationAreaDependencies {
  configuration: Pick<ConfigurationService, 'overview' | 'export'>
}

interface DriftRow {
  /** “Client Web shop” */
  what: string
  href: string | undefined
  /** “was deleted here” */
  how: string
  /** What the file says, and what is here. */
  fields: { name: string; file: string; here: string }[]
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'admin/configuration': {
      frame: ConsoleFrame
      /** Where there are too many clients to compare unasked: what compares them. */
      compare?: string | undefined
      /** Undefined: no file was ever applied. */
      applied?: { when: string; by: string; problem?: string | undefined } | undefined
      rows: DriftRow[]
      /** “2 clients and 1 API are not in the file.” */
      unnamed?: string | undefined
      /** Undefined: too long for a page. */
      yaml?: string | undefined
      download: string
    }
  }
}

/** Characters; more is for a download. */
const MAX_SHOWN = 100_000
/** With more clients than this the page compares them when it is asked to: each costs a tenth of a millisecond. */
const MOST_CLIENTS = 200
const query = z.object({ compare: z.literal('now').optional().catch(undefined) })

/** `/admin/configuration`: what has drifted from the file that was applied last, and the file that describes what is. */
export async function configurationArea(
  app: FastifyInstance,
  { configuration }: ConsoleDependencies & ConfigurationAreaDependencies,
): Promise<void> {
  app.get('/admin/configuration', { config: { admin: 'configuration.read' } }, async (request, reply) => {
    const mostClients = query.parse(request.query).compare === 'now' ? Number.POSITIVE_INFINITY : MOST_CLIENTS
    const { compared, drift, yaml } = await configuration.overview({ maxLength: MAX_SHOWN, mostClients })
    return renderConsole(request, reply, 'configuration', 'admin/configuration', {
      compare: compared ? undefined : '/admin/configuration?compare=now',
      applied: drift && {
        when: minuteOf(drift.appliedAt),
        by: byWhom(drift.appliedBy),
        problem: drift.problem,
      },
      rows: (drift?.plan?.changes ?? []).map(rowOf),
      unnamed: unnamedText(drift?.plan?.unnamed ?? {}),
      yaml,
      download: '/admin/configuration/latchkey.yaml',
    })
  })

  app.get(
    '/admin/configuration/latchkey.yaml',
    { config: { admin: 'configuration.read' } },
    async (_request, reply) =>
      reply
        .type('application/yaml; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('content-disposition', 'attachment; filename="latchkey.yaml"')
        .send(await configuration.export()),
  )
}

function rowOf({ kind, action, name, id, title, fields }: Change): DriftRow {
  return {
    what: t(`admin.configuration.one.${kind}`, { name: title ?? name }),
    href: kind === 'client' && id !== undefined ? `/admin/clients/${encodeURIComponent(id)}` : undefined,
    // What applying the file again would do is what was done here since, backwards.
    how: t(`admin.configuration.how.${action}`),
    fields:
      action === 'update'
        ? fields.map(({ field, before, after }) => ({
            name: field,
            file: valueText(after),
            here: valueText(before),
          }))
        : [],
  }
}

function valueText(value: unknown): string {
  if (value === undefined) return '–'
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value.join('\n')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function unnamedText(unnamed: Partial<Readonly<Record<`${Change['kind']}s`, number>>>): string | undefined {
  const parts = Object.entries(unnamed).flatMap(([kinds, count]) =>
    count === 0 ? [] : [t(`admin.configuration.count.${kinds.slice(0, -1) as Change['kind']}`, { count })],
  )
  return parts.length === 0 ? undefined : allOf(parts)
}
