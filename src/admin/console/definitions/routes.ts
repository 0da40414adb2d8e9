import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../../http/forms/forms.ts'
import type { Form } from '../../../http/pages/pages.ts'
import type { Defined, Definitions } from '../../../shared/definitions/definitions.ts'
import type { NamedDefinitionField } from '../../../shared/definitions/field.ts'
import { VersionConflict } from '../../../shared/errors.ts'
import { type Message, t } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'
import { own } from '../../../shared/own.ts'
import { countedVersion, deletionPages } from '../deletion.ts'
import { asFormErrors } from '../form-errors.ts'
import { renderConsole } from '../frame.ts'
import { type DefinitionTexts, defaultsOf, drawnDefinition, enteredIn, filledWith } from './form.ts'
import { spokenFields } from './spoken.ts'
import type { Readers, ShownHook, ShownPreview } from './view.ts'

export type One = Defined<{ name: string }>

/** Said in the language of the page. */
type Said = string | Message

const saidOf = async (said: Said | ((one: One) => Promise<Said>), one: One): Promise<string> =>
  String(typeof said === 'function' ? await said(one) : said)

/** What is defined, in words, and what its pages show beside the fields. */
export interface DefinitionWords {
  kind: 'attribute' | 'claim' | 'hook' | 'administrator_role'
  title: Said
  /** “Define an attribute”: the title of the page to define one. */
  define: Said
  /** “Define attribute” */
  defineButton: Said
  /** On that page. */
  about: Said
  empty: Said
  /** Fields that the list shows, beside the name. */
  columns: readonly string[]
  notices: Readonly<Record<'created' | 'saved' | 'deleted', Said> & Partial<Record<'rotated', Said>>>
  /** Above the link to the page that deletes it. */
  deleting: Said | ((one: One) => Promise<Said>)
  /** Where nothing is lost by deleting it, and nobody has to be asked: says so. */
  lossless?(one: One): Promise<Said | undefined>
  /** The title of that page. */
  deleteTitle(name: string): Said
  deleteButton: Said
  /** On that page: what happens, in a sentence. */
  ends: Said | ((one: One) => Promise<Said>)
  /** What is known of one beside its fields. */
  facts(one: One): Promise<[name: string, value: string][]>
  readers?(one: One): Promise<Readers>
  /** What ends with it. */
  ending(one: One): Promise<{ label: string; value: string }[]>
  preview?(request: FastifyRequest, one: One): Promise<ShownPreview>
  /** What a hook has beside its fields. */
  hook?(request: FastifyRequest, reply: FastifyReply, one: One): ShownHook
  /** Told of a new one, before the page of it is shown. */
  created?(request: FastifyRequest, reply: FastifyReply, one: One): void
}

interface Given {
  words: DefinitionWords
  fields: readonly NamedDefinitionField[]
  definitions: Pick<Definitions<{ name: string }>, 'list' | 'get' | 'create' | 'update' | 'remove'>
  texts: DefinitionTexts
  /** A field in the language of the page, where its table has texts that another has too. */
  spoken?(field: NamedDefinitionField): NamedDefinitionField
}

type ById = { Params: { id: string } }

const sentSchema = z.record(z.string(), z.string().max(20_000)).default({})
const losslessSchema = z.object({ lossless: z.string().optional().catch('on') })
const versionSchema = z.string().regex(/^\d{1,9}$/)
const query = z.object({ done: z.string().optional().catch(undefined) })

const fieldOf = (one: object, name: string): unknown => (one as Readonly<Record<string, unknown>>)[name]

/** Shows the page of one. */
export type ShowOne = (request: FastifyRequest, reply: FastifyReply, one: One) => Promise<FastifyReply>

/**
 * A list of what is defined, a page of each, and those to define and delete one.
 * @returns what shows the page of one
 */
export function definitionPages(
  app: FastifyInstance,
  { words, fields, definitions, texts, spoken: inPlace = (field) => field }: Given,
): ShowOne {
  const { kind } = words
  const section = `${kind}s` as const
  const base = `/admin/${section.replace('_', '-')}`
  const pageOf = (id: string, done?: string) =>
    `${base}/${encodeURIComponent(id)}${done === undefined ? '' : `?${new URLSearchParams({ done })}`}`
  /** The fields in the language of the page. */
  const spoken = () => spokenFields(kind, fields).map(inPlace)
  const changeableOf = (all: readonly NamedDefinitionField[]) => all.filter(({ fixed }) => !fixed)
  const changeable = changeableOf(fields)
  const notice = (request: FastifyRequest): string | undefined => {
    const { done } = query.parse(request.query)
    const said = done === undefined ? undefined : own(words.notices as Record<string, Said>, done)
    return said === undefined ? undefined : String(said)
  }
  const labelled = (own: readonly NamedDefinitionField[], one: object) =>
    own.map((field) => ({
      label: field.form.label,
      value: texts.shownText(field, fieldOf(one, field.name)) || t('admin.common.empty'),
    }))

  app.get(base, { config: { admin: `${kind}.read` } }, async (request, reply) => {
    const all = spoken()
    const columns = words.columns.flatMap((name) => all.filter((field) => field.name === name))
    const data = {
      title: String(words.title),
      define: String(words.define),
      newHref: `${base}/new`,
      empty: String(words.empty),
      columns: columns.map(({ form }) => form.label),
      items: (await definitions.list()).map((one) => ({
        href: pageOf(one.id),
        name: one.name,
        label: String(fieldOf(one, 'label') ?? ''),
        cells: columns.map((field) => texts.shownText(field, fieldOf(one, field.name)) || '–'),
      })),
    }
    return renderConsole(request, reply, section, 'admin/definitions', data, { notice: notice(request) })
  })

  const showNew = (request: FastifyRequest, reply: FastifyReply, form: Partial<Form> = {}, status = 200) => {
    const values = form.values ?? filledWith(fields, defaultsOf(fields), texts)
    return renderConsole(
      request,
      reply,
      section,
      'admin/access-new',
      {
        title: String(words.define),
        about: String(words.about),
        form: { action: base, ...form, values },
        fields: drawnDefinition(spoken(), values),
        label: String(words.defineButton),
        backHref: base,
      },
      { status },
    )
  }

  app.get(`${base}/new`, { config: { admin: `${kind}.create` } }, async (request, reply) =>
    showNew(request, reply),
  )

  app.post(base, { config: { admin: `${kind}.create`, formPage: `${base}/new` } }, async (request, reply) => {
    try {
      const sent = sentSchema.parse(request.body ?? {})
      const made = await definitions.create(enteredIn(fields, sent, texts))
      const { id } = made
      words.created?.(request, reply, made)
      return reply.redirect(pageOf(id, 'created'), 303)
    } catch (error) {
      return showNew(request, reply, { ...asFormErrors(error), values: shownAgain(request.body) }, 422)
    }
  })

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    one: One,
    also: { edit?: Partial<Form>; version?: string; stale?: boolean; status?: number } = {},
  ) {
    const { status } = also
    const all = spoken()
    const changeableNow = changeableOf(all)
    const values = also.edit?.values ?? filledWith(changeable, one, texts)
    const [facts, readers, preview, lossless] = await Promise.all([
      words.facts(one),
      words.readers?.(one),
      words.preview?.(request, one),
      words.lossless?.(one),
    ])
    const data = {
      title: one.name,
      facts: [
        ...labelled(
          all.filter(({ fixed }) => fixed),
          one,
        ).map(({ label, value }): [string, string] => [label, value]),
        ...facts,
        [t('admin.common.created'), minuteOf(one.createdAt)],
        ['ID', one.id],
      ] as [string, string][],
      shown: labelled(changeableNow, one),
      edit: {
        action: `${pageOf(one.id)}/edit`,
        version: also.version ?? String(one.version),
        values,
        ...also.edit,
      },
      fields: drawnDefinition(changeableNow, values),
      conflict: also.stale ? labelled(changeableNow, one) : undefined,
      readers,
      preview,
      hook: words.hook?.(request, reply, one),
      deleting: lossless === undefined ? await saidOf(words.deleting, one) : String(lossless),
      deleteNow:
        lossless === undefined
          ? undefined
          : {
              action: `${pageOf(one.id)}/delete`,
              fields: { version: String(one.version), lossless: 'on' },
              label: String(words.deleteButton),
            },
      removeHref: `${pageOf(one.id)}/delete`,
    }
    return renderConsole(request, reply, section, 'admin/definitions-one', data, {
      notice: status === undefined && request.method === 'GET' ? notice(request) : undefined,
      ...(status !== undefined && { status }),
    })
  }

  app.get<ById>(`${base}/:id`, { config: { admin: `${kind}.read` } }, async (request, reply) =>
    show(request, reply, await definitions.get(request.params.id)),
  )

  app.post<ById>(
    `${base}/:id/edit`,
    { config: { admin: `${kind}.update`, formPage: `${base}/:id` } },
    async (request, reply) => {
      const { id } = request.params
      const sent = sentSchema.parse(request.body ?? {})
      const version = versionSchema.parse(sent.version)
      try {
        await definitions.update(id, enteredIn(changeable, sent, texts), { ifVersion: Number(version) })
        return reply.redirect(pageOf(id, 'saved'), 303)
      } catch (error) {
        const values = shownAgain(request.body)
        const one = await definitions.get(id)
        if (error instanceof VersionConflict)
          return show(request, reply, one, { edit: { values }, stale: true, status: 409 })
        const edit = { ...asFormErrors(error), values }
        // The version that was sent: what another administrator changed since is still to be shown.
        return show(request, reply, one, { edit, version, status: 422 })
      }
    },
  )

  deletionPages(app, {
    section,
    path: `${base}/:id/delete`,
    permissions: [`${kind}.read`, `${kind}.delete`],
    find: (request) => definitions.get((request.params as ById['Params']).id),
    ask: async (one) => ({
      title: String(words.deleteTitle(one.name)),
      ends: await saidOf(words.ends, one),
      facts: await words.ending(one),
      form: { action: `${pageOf(one.id)}/delete` },
      label: String(words.deleteButton),
      keepHref: pageOf(one.id),
      version: one.version,
      seen: labelled(spoken(), one).map(({ label, value }) => [label, value]),
    }),
    // Where the page has said that there is nothing to lose, something may have come since: that is asked for.
    remove: ({ id }, version, request) =>
      definitions.remove(id, {
        ifVersion: countedVersion(version),
        ifUnused: losslessSchema.parse(request.body ?? {}).lossless !== undefined,
      }),
    done: `${base}?done=deleted`,
  })
  return show
}
