import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Form } from '../../http/pages/pages.ts'
import type { Permission } from '../../shared/administration/permissions.ts'
import { AppError } from '../../shared/errors.ts'
import { message, type TextKey, t } from '../../shared/locales/texts.ts'
import { own } from '../../shared/own.ts'
import { refusalOf } from './access/form.ts'
import { administratorOf } from './context.ts'
import { type ConsoleFrame, renderConsole } from './frame.ts'
import type { Section } from './sections.ts'

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'admin/bulk': {
      frame: ConsoleFrame
      title: string
      /** What comes of it. */
      ends: string
      names: string[]
      /** Chosen, and not done: with the reason. */
      left: { name: string; why: string }[]
      button: string
      danger: boolean
      action: string
      /** Back to the list. */
      back: string
      ids: string
      choose?:
        | { label: string; options: { value: string; label: string }[] | undefined; form: Partial<Form> }
        | undefined
    }
  }
}

/** One thing that is chosen. */
export interface Chosen {
  id: string
  name: string
  /** Why nothing is done to it; undefined: it is. */
  left?: TextKey | undefined
}

/** What is done to several things of a list at once, each by the service that does it to one, with an entry in the log each. */
export interface BulkAct {
  permission: Permission
  danger: boolean
  texts: {
    /** On the button of the list: “Add to a group”. */
    label: TextKey
    /** On the button of the confirm page, of `count`: “Add 3 users”. */
    do: TextKey
    ends: TextKey
    /** Of `count`: “3 users added to the group.” */
    done: TextKey
  }
  /** Something to choose first. */
  choose?: {
    label: TextKey
    /** Undefined: there are too many, and a name is typed. */
    options(): Promise<{ value: string; label: string }[] | undefined>
    /** @returns the ID @throws AppError when there is none of this ID or name */
    pick(idOrName: string): Promise<string>
  }
  /** What is known of one; undefined: it is gone. @param by who asks */
  look(id: string, by: string): Promise<Chosen | undefined>
  /** @throws AppError where it is refused: that one is left out */
  run(id: string, choice: string): Promise<unknown>
}

/** The texts of an act, by the name that they stand below: `users.disable`. */
export const bulkTexts = <Name extends string>(name: Name) =>
  ({
    label: `admin.bulk.${name}`,
    do: `admin.bulk.${name}.do`,
    ends: `admin.bulk.${name}.ends`,
    done: `admin.bulk.${name}.done`,
  }) as const

export interface Bulk {
  section: Section
  /** The list: `/admin/users`. */
  list: string
  /** Of `count`: “3 users left out.” */
  left: TextKey
  acts: Readonly<Record<string, BulkAct>>
}

/** More are not done at once. */
const MOST = 100
const ID = /^[\w.:-]{1,100}$/
/** The boxes of the list are `pick.ID`. */
const PREFIX = 'pick.'
const form = z.object({ ids: z.string().max(MOST * 101), choice: z.string().max(100).default('') })
const notice = z.object({
  did: z.string(),
  n: z.string().regex(/^\d{1,3}$/),
  left: z.string().regex(/^\d{1,3}$/),
})

/** What was just done to several, for the list: the words are ours, and of the address two numbers. */
export function bulkNotice({ acts, left: leftOut }: Bulk, query: unknown): string | undefined {
  const parsed = notice.safeParse(query)
  const act = parsed.success ? own(acts, parsed.data.did) : undefined
  if (!parsed.success || act === undefined) return undefined
  const [count, left] = [Number(parsed.data.n), Number(parsed.data.left)]
  return [t(act.texts.done, { count }), ...(left > 0 ? [t(leftOut, { count: left })] : [])].join(' ')
}

/** An act of a list, as its view draws it (views/admin/bulk-form.eta). */
export interface BulkButton {
  label: string
  action: string
}

/** The acts that a list offers to who looks at it. */
export const bulkButtons = ({ acts, list }: Bulk, request: FastifyRequest): BulkButton[] => {
  const { authority } = administratorOf(request)
  // A role with a limit acts on one after another.
  if (authority.scope !== undefined) return []
  return Object.entries(acts)
    .filter(([, { permission }]) => authority.full || authority.permissions.has(permission))
    .map(([name, { texts }]) => ({ label: t(texts.label), action: `${list}/bulk/${name}` }))
}

/** For each act a confirm page, which says how many and what comes of it, and the form behind it. */
export function bulkRoutes(app: FastifyInstance, bulk: Bulk): void {
  const { list, section } = bulk
  for (const [name, act] of Object.entries(bulk.acts)) {
    const path = `${list}/bulk/${name}`
    const look = async (ids: readonly string[], request: FastifyRequest): Promise<Chosen[]> => {
      const found: Chosen[] = []
      for (const id of ids)
        found.push(
          (await act.look(id, administratorOf(request).id)) ?? { id, name: id, left: 'admin.bulk.gone' },
        )
      return found
    }
    const show = async (
      request: FastifyRequest,
      reply: FastifyReply,
      ids: readonly string[],
      { form = {}, status = 200 }: { form?: Partial<Form>; status?: number } = {},
    ) => {
      const chosen = await look(ids, request)
      const done = chosen.filter(({ left }) => left === undefined)
      const button = t(act.texts.do, { count: done.length })
      const data = {
        title: `${button}?`,
        ends: t(act.texts.ends),
        names: done.map((each) => each.name),
        left: chosen.flatMap((each) =>
          each.left === undefined ? [] : [{ name: each.name, why: t(each.left) }],
        ),
        button,
        danger: act.danger,
        action: path,
        back: list,
        ids: done.map(({ id }) => id).join(' '),
        choose: act.choose && { label: t(act.choose.label), options: await act.choose.options(), form },
      }
      return renderConsole(request, reply, section, 'admin/bulk', data, { status })
    }

    app.get(path, { config: { admin: act.permission } }, async (request, reply) => {
      const ids = Object.keys(request.query as object)
        .filter((key) => key.startsWith(PREFIX))
        .map((key) => key.slice(PREFIX.length))
        .filter((id) => ID.test(id))
      return show(request, reply, [...new Set(ids)].slice(0, MOST))
    })

    app.post(path, { config: { admin: act.permission, formPage: list } }, async (request, reply) => {
      const parsed = form.safeParse(request.body)
      const ids = parsed.success ? [...new Set(parsed.data.ids.split(' ').filter((id) => ID.test(id)))] : []
      if (!parsed.success || ids.length === 0 || ids.length > MOST)
        throw new AppError('invalid_form', 400, message('admin.bulk.too_many', { most: MOST }))
      let { choice } = parsed.data
      try {
        if (act.choose) choice = await act.choose.pick(choice)
      } catch (error) {
        const { alert, status } = refusalOf(error)
        return show(request, reply, ids, { form: { values: { choice }, errors: { choice: alert } }, status })
      }
      let left = 0
      for (const { id, left: why } of await look(ids, request)) {
        const did = why === undefined && (await tried(() => act.run(id, choice)))
        if (!did) left++
      }
      return reply.redirect(`${list}?did=${name}&n=${ids.length - left}&left=${left}`, 303)
    })
  }
}

/** Whether a rule refuses who asks, as it will when it is done. */
export function isRefused(rule: () => void): boolean {
  try {
    rule()
    return false
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return true
  }
}

/** False: it was refused, or is gone. */
async function tried(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500) throw error
    return false
  }
}
