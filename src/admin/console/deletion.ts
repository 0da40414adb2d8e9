import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Permission } from '../../shared/administration/permissions.ts'
import { StillUsed } from '../../shared/definitions/definitions.ts'
import { VersionConflict } from '../../shared/errors.ts'
import { t } from '../../shared/locales/texts.ts'
import { type ConsoleFrame, renderConsole } from './frame.ts'
import type { Section } from './sections.ts'

/** What there is to see of something, line by line. */
export type Seen = readonly (readonly [label: string, value: string])[]

/** A line that another administrator has changed. */
interface Change {
  label: string
  value: string
  before: string
}

/** A page that asks before something ends. */
export interface Asking {
  title: string
  /** What happens, in a sentence; or several, as HTML. */
  ends: string | readonly string[]
  /** Which one it is. */
  facts?: readonly { label: string; value: string }[]
  form: { action: string; fields?: Record<string, string> | undefined }
  /** What is on the button. */
  label: string
  keepHref: string
  /** On the link that leads away; “Keep it” unless given. */
  keepLabel?: string
  /** The page that it belongs to, which `keepHref` leads to, where the frame names it. */
  name?: string
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'admin/confirm': Asking & {
      frame: ConsoleFrame
      /** Why it is not deleted yet. */
      alert?: string | undefined
      /** What is not as the administrator has seen it. */
      changes?: Change[] | undefined
    }
  }
}

/** What is deleted as it was seen, and no other. */
export interface Deletion<One> {
  section: Section
  /** Of the page that asks, and of its form. */
  path: string
  /** What asking needs, and what deleting does. */
  permissions: readonly [asking: Permission, deleting: Permission]
  /** The one that a request names, by its path or by what it sends. @throws AppError when there is none */
  find(request: FastifyRequest): Promise<One>
  /** The page about it, and what an administrator sees of it. */
  ask(one: One): Promise<Asking & { seen: Seen; version: string | number }>
  /** @throws VersionConflict when it is not of this version any more */
  remove(one: One, ifVersion: string, request: FastifyRequest): Promise<unknown>
  /** Where it leads to once it is deleted. */
  done: string
}

/** What is no version is that of none. What was seen is read apart: it is for telling changes, and keeps nobody from deleting. */
const sentVersion = z.object({ version: z.string().max(100).catch('') })
const sentSeen = z.object({ seen: z.string().max(50_000) })
const lines = z.array(z.tuple([z.string(), z.string()]))

/** The version in the form of a service that counts its versions; what is none is that of none. */
export const countedVersion = (version: string): number => (/^\d{1,9}$/.test(version) ? Number(version) : -1)

/** The page that asks before something is deleted, and the form that deletes it: if another administrator has changed it since, the page asks again and says what. */
export function deletionPages<One>(app: FastifyInstance, deletion: Deletion<One>): void {
  const { section, path, permissions, find, done } = deletion
  const [asking, deleting] = permissions

  async function ask(request: FastifyRequest, reply: FastifyReply, one: One, body?: unknown) {
    const { seen, version, form, ...page } = await deletion.ask(one)
    const fields = { ...form.fields, version: String(version), seen: JSON.stringify(seen) }
    const again =
      body === undefined
        ? {}
        : { alert: t('admin.common.deletion.changed'), changes: changesSince(body, seen) }
    const data = { ...page, ...again, form: { ...form, fields } }
    return renderConsole(request, reply, section, 'admin/confirm', data, {
      status: body === undefined ? 200 : 409,
    })
  }

  app.get(path, { config: { admin: asking } }, async (request, reply) =>
    ask(request, reply, await find(request)),
  )

  app.post(path, { config: { admin: deleting, formPage: path } }, async (request, reply) => {
    const one = await find(request)
    try {
      await deletion.remove(one, sentVersion.parse(request.body ?? {}).version, request)
    } catch (error) {
      // The page that it was deleted on had not asked: nothing on it says what ends.
      if (error instanceof StillUsed) return reply.redirect((await deletion.ask(one)).form.action, 303)
      if (!(error instanceof VersionConflict)) throw error
      return ask(request, reply, await find(request), request.body ?? {})
    }
    return reply.redirect(done, 303)
  })
}

/** What looks different from what the administrator has seen. Of a form without what was seen, nothing is known. */
function changesSince(body: unknown, now: Seen): Change[] {
  const before = textsOf(seenIn(body))
  const after = textsOf(now)
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((label) => {
    const [was, is] = [before.get(label) ?? '–', after.get(label) ?? '–']
    return before.size === 0 || was === is ? [] : [{ label, value: is, before: was }]
  })
}

function seenIn(body: unknown): Seen {
  try {
    return lines.parse(JSON.parse(sentSeen.parse(body).seen))
  } catch {
    return []
  }
}

/** By label: one may have several lines. */
const textsOf = (seen: Seen): ReadonlyMap<string, string> =>
  new Map(
    [...Map.groupBy(seen, ([label]) => label)].map(([label, all]) => [
      label,
      all.map(([, value]) => value).join(', '),
    ]),
  )
