/**
 * What administrators define, as a list that is one document of the database: few, read by each process once a second along with the
 * settings, so that no request pays for it.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { AppError, VersionConflict } from '../errors.ts'
import { message, t } from '../locales/texts.ts'
import { refusedFields } from '../validation-error.ts'
import { type ContentOf, type DefinitionFields, parseDefinition } from './field.ts'

/** Where a document is kept (src/settings/store.ts). */
export interface DocumentStore {
  /** As this process has seen it last, a second ago at most. */
  current(): { version: number; document: string }
  read(): Promise<{ version: number; document: string }>
  /** Puts a document in the place of the one of a version. False: there is another one by now. */
  replace(version: number, document: string): Promise<boolean>
}

/** Something that is defined: what its fields say, and what the server says of it. */
export type Defined<Content> = Content & {
  id: string
  /** Milliseconds since the epoch. */
  createdAt: number
  /** Raised by each change. */
  version: number
}

export type DefinitionEvent<Kind extends string> =
  | { type: `${Kind}.created` | `${Kind}.deleted`; id: string; name: string }
  | { type: `${Kind}.updated`; id: string; name: string; before: object; after: object }

export interface Definitions<Content> {
  /** What counts in this process: of no more than a second ago. */
  live(): readonly Defined<Content>[]
  /** All, by name. */
  list(): Promise<Defined<Content>[]>
  /** @throws AppError KIND_not_found (404) */
  get(id: string): Promise<Defined<Content>>
  /** By ID, else by name. @throws AppError KIND_not_found (404) */
  find(idOrName: string): Promise<Defined<Content>>
  /** @throws ValidationError (422), also where the name is taken · AppError too_many (409) */
  create(input: Readonly<Record<string, unknown>>): Promise<Defined<Content>>
  /** What would be stored, checked by itself. @throws ValidationError (422) */
  complete(input: Readonly<Record<string, unknown>>): Content
  /** Fields that are left out stay. @throws ValidationError (422) · VersionConflict (409) · AppError KIND_not_found (404) */
  update(
    id: string,
    changes: Readonly<Record<string, unknown>>,
    given?: { ifVersion?: number },
  ): Promise<Defined<Content>>
  /** Changes what is kept beside the fields. @throws AppError KIND_not_found (404) */
  keep(id: string, beside: (before: Defined<Content>) => object): Promise<Defined<Content>>
  /**
   * @param given.ifUnused asked again when it is removed: people have nothing of it
   * @throws VersionConflict (409) · StillUsed (409) · AppError KIND_not_found (404)
   */
  remove(id: string, given?: { ifVersion?: number; ifUnused?: boolean }): Promise<void>
  /** For a job: deletes a batch of what removed ones left. Returns how many; 0: nothing is left, or it is too early. */
  purge(): Promise<number>
}

/** People have something of what was to be removed unused; its own version says nothing of that. */
export class StillUsed extends VersionConflict {}

/** What people have of definitions that are deleted. */
export interface Leftovers {
  /** Whether there is anything. */
  has(name: string): Promise<boolean>
  /** Deletes a batch. Returns how many; 0: nothing is left. */
  erase(name: string): Promise<number>
}

/** One that is deleted, whose leftovers are not yet. */
interface Removed {
  name: string
  /** Milliseconds since the epoch. */
  at: number
}

/** Until then another process may take it for defined, and store a value. Milliseconds. */
const SEEN_EVERYWHERE = 5_000

type Awaitable<Value> = Value | Promise<Value>

/** How often a change is tried again that others were faster than. */
const TRIES = 20

/**
 * @param given.most how many there may be
 * @param given.check what is wrong with a definition by itself. @throws ValidationError
 * @param given.leftovers what is left of one that is deleted, for a job
 */
export function createDefinitions<
  Kind extends string,
  Fields extends DefinitionFields & { name: { schema: { _output: string } } },
>(given: {
  kind: Kind
  fields: Fields
  most: number
  store: DocumentStore
  clock: Clock
  check?(content: ContentOf<Fields>): void
  /** … beside what else is stored. @throws ValidationError */
  checkStored?(content: ContentOf<Fields>): void
  /** What is kept of a new one beside its fields. */
  beside?(id: string): object
  leftovers?: Leftovers
  /** Told of every change after it is stored. */
  events(event: DefinitionEvent<Kind>): void
}): Definitions<ContentOf<Fields>> {
  type Content = ContentOf<Fields>
  type One = Defined<Content>
  const { kind, fields, store, clock, events } = given
  let seen: { document: string; items: readonly One[] } = { document: '', items: [] }

  const listsOf = (document: string): { items: One[]; removed: Removed[] } => {
    const { items = [], removed = [] } = JSON.parse(document) as { items?: One[]; removed?: Removed[] }
    return { items, removed }
  }
  const itemsOf = (document: string): One[] => listsOf(document).items
  const contentOf = (one: One): Content =>
    Object.fromEntries(Object.keys(fields).map((name) => [name, one[name as keyof One]])) as Content
  const notFound = () =>
    new AppError(`${kind}_not_found`, 404, message('admin.definitions.error.not_found', { kind }))
  const byName = (one: One, other: One) => (String(one.name) < String(other.name) ? -1 : 1)

  async function list(): Promise<One[]> {
    return itemsOf((await store.read()).document)
  }

  async function get(id: string): Promise<One> {
    const one = (await list()).find((each) => each.id === id)
    if (one === undefined) throw notFound()
    return one
  }

  /** Changes the list; the work is done again where others were faster. */
  async function change<Result>(
    work: (
      items: One[],
      removed: Removed[],
    ) => Awaitable<{ items: One[]; removed?: Removed[]; result: Result }>,
  ): Promise<Result> {
    for (let tries = 0; tries < TRIES; tries++) {
      const { version, document } = await store.read()
      const before = listsOf(document)
      const { items, removed = before.removed, result } = await work(before.items, before.removed)
      const next = JSON.stringify({ items: items.toSorted(byName), ...(removed.length > 0 && { removed }) })
      if (next === document || (await store.replace(version, next))) return result
    }
    throw new VersionConflict(kind)
  }

  function judged(content: Content, others: readonly One[]): void {
    if (others.some(({ name }) => String(name).toLowerCase() === String(content.name).toLowerCase()))
      throw refusedFields({ name: t('admin.definitions.problem.name.taken') })
    given.check?.(content)
    given.checkStored?.(content)
  }

  /** From now on one of its name may be defined. */
  const forget = (name: string): Promise<void> =>
    change((items, removed) => ({
      items,
      removed: removed.filter((each) => each.name !== name),
      result: undefined,
    }))

  return {
    live() {
      const { document } = store.current()
      if (document !== seen.document) seen = { document, items: itemsOf(document) }
      return seen.items
    },
    list,
    get,

    async find(idOrName) {
      const all = await list()
      const one =
        all.find(({ id }) => id === idOrName) ?? all.find(({ name }) => String(name) === idOrName.trim())
      if (one === undefined)
        throw new AppError(
          `${kind}_not_found`,
          404,
          message('admin.definitions.error.not_found.name', { kind }),
        )
      return one
    },

    complete(input) {
      const content = parseDefinition(fields, input)
      given.check?.(content)
      return content
    },

    async create(input) {
      const content = parseDefinition(fields, input)
      const id = randomUUID()
      const one = { ...given.beside?.(id), ...content, id, createdAt: clock(), version: 0 } as unknown as One
      await change((items, removed) => {
        judged(content, items)
        if (removed.some(({ name }) => name === content.name))
          throw refusedFields({
            name: t('admin.definitions.problem.name.leaving'),
          })
        if (items.length >= given.most)
          throw new AppError(
            'too_many',
            409,
            message('admin.definitions.error.too_many', { most: given.most }),
          )
        return { items: [...items, one], result: undefined }
      })
      events({ type: `${kind}.created`, id: one.id, name: String(one.name) })
      return one
    },

    async update(id, changes, { ifVersion } = {}) {
      const { before, after } = await change((items) => {
        const old = items.find((each) => each.id === id)
        if (old === undefined) throw notFound()
        if (ifVersion !== undefined && old.version !== ifVersion) throw new VersionConflict(kind)
        const content = parseDefinition(fields, changes, contentOf(old))
        const others = items.filter((each) => each !== old)
        judged(content, others)
        const same = JSON.stringify(contentOf(old)) === JSON.stringify(content)
        const one = same ? old : ({ ...old, ...content, version: old.version + 1 } as One)
        return { items: [...others, one], result: { before: old, after: one } }
      })
      if (before !== after)
        events({
          type: `${kind}.updated`,
          id,
          name: String(after.name),
          before: contentOf(before),
          after: contentOf(after),
        })
      return after
    },

    keep: (id, beside) =>
      change((items) => {
        const old = items.find((each) => each.id === id)
        if (old === undefined) throw notFound()
        const one = { ...old, ...beside(old), version: old.version + 1 }
        return { items: [...items.filter((each) => each !== old), one], result: one }
      }),

    async remove(id, { ifVersion, ifUnused = false } = {}) {
      const { leftovers } = given
      const name = await change(async (items, removed) => {
        const old = items.find((each) => each.id === id)
        if (old === undefined) throw notFound()
        if (ifVersion !== undefined && old.version !== ifVersion) throw new VersionConflict(kind)
        const result = String(old.name)
        if (ifUnused && (leftovers === undefined || (await leftovers.has(result)))) throw new StillUsed(kind)
        return {
          items: items.filter((each) => each !== old),
          removed: leftovers ? [...removed, { name: result, at: clock() }] : removed,
          result,
        }
      })
      // One of the wrong type, say, that nobody had: another one of its name may be defined at once.
      if (leftovers && !(await leftovers.has(name))) await forget(name)
      events({ type: `${kind}.deleted`, id, name })
    },

    async purge() {
      const { leftovers } = given
      // As it was seen last: where nothing was removed, this costs nothing.
      const { removed } = listsOf(store.current().document)
      const due = removed.find(({ at }) => at <= clock() - SEEN_EVERYWHERE)
      if (leftovers === undefined || due === undefined) return 0
      const erased = await leftovers.erase(due.name)
      if (erased === 0) await forget(due.name)
      return erased
    },
  }
}
