import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { orFailed, requireMatch, sendEtag } from '../../../http/etag.ts'
import type { Definitions } from '../../../shared/definitions/definitions.ts'
import type { NamedDefinitionField } from '../../../shared/definitions/field.ts'
import type { RestContext } from '../context.ts'
import { createOnce } from '../idempotency.ts'
import { operation } from '../operation.ts'
import { idParams, pageOf } from '../schemas.ts'
import { definitionSchemas, definitionView } from './schemas.ts'

/** What is defined, in words. */
export interface Kind {
  area: 'attributes and claims' | 'hooks' | 'administrator roles'
  kind: 'attribute' | 'claim' | 'hook' | 'administrator_role'
  description: string
  /** “an attribute” */
  one: string
  changing: string
  deleting: string
}

const ATTRIBUTE: Kind = {
  area: 'attributes and claims',
  kind: 'attribute',
  one: 'an attribute',
  description: 'What administrators have defined of people beside the standard claims.',
  changing: 'Name and type stay. Values that people have are kept.',
  deleting: 'With the values that people have.',
}

const CLAIM: Kind = {
  area: 'attributes and claims',
  kind: 'claim',
  one: 'a claim',
  description: 'What apps and APIs are told of people beside the standard claims.',
  changing: 'The name stays. It counts with the next token and the next answer.',
  deleting: 'Tokens that were issued say it until they expire.',
}

/** The operations on what is defined, a list that has no pages. */
function operationsOf(
  { area, kind, one, description, changing, deleting }: Kind,
  fields: readonly NamedDefinitionField[],
  shown: Readonly<Record<string, z.ZodType>>,
) {
  const name = kind
    .split('_')
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join('')
  const called = kind.replace('_', ' ')
  const { answer, body } = definitionSchemas(fields, { id: name, description })
  const created = Object.keys(shown).length === 0 ? answer : answer.extend(shown).meta({ id: `New${name}` })
  return {
    list: operation({
      id: `list${name}s`,
      area,
      needs: `${kind}.read`,
      summary: `List ${called}s`,
      description: 'By name, all of them.',
      safe: true,
      answers: [200, 'All of them.', pageOf(answer)],
    }),
    create: operation({
      id: `create${name}`,
      area,
      needs: `${kind}.create`,
      summary: `Define ${one}`,
      once: true,
      body,
      answers: [201, 'Defined.', created],
      problems: [409],
    }),
    read: operation({
      id: `read${name}`,
      area,
      needs: `${kind}.read`,
      summary: `Read ${one}`,
      safe: true,
      params: idParams,
      answers: [200, 'As it is defined; `ETag` names its state.', answer],
    }),
    change: operation({
      id: `change${name}`,
      area,
      needs: `${kind}.update`,
      summary: `Change ${one}`,
      description: `Fields that are left out stay. ${changing}`,
      conditional: true,
      params: idParams,
      body,
      answers: [200, 'As it is now.', answer],
      problems: [409],
    }),
    remove: operation({
      id: `delete${name}`,
      area,
      needs: `${kind}.delete`,
      summary: `Delete ${one}`,
      description: deleting,
      conditional: true,
      params: idParams,
      answers: [204, 'Deleted.'],
      problems: [409],
    }),
  }
}

/**
 * Routes to list, define, read, change and delete.
 * @param also.shown what the answer to a new one has beside its fields
 * @param also.guard throws where a caller may not change them
 */
export function definitionRoutes<Content>(
  { app, deps }: RestContext,
  words: Kind,
  fields: readonly NamedDefinitionField[],
  definitions: Pick<Definitions<Content>, 'list' | 'create' | 'get' | 'update' | 'remove'>,
  {
    shown = {},
    guard = () => undefined,
  }: { shown?: Readonly<Record<string, z.ZodType>>; guard?(request: FastifyRequest): void } = {},
): void {
  const operations = operationsOf(words, fields, shown)
  const path = `/${words.kind.replace('_', '-')}s`
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)
  const view = (one: { id: string; createdAt: number }) => definitionView(fields, one)

  app.get(path, { ...operations.list, ...limit }, async () => ({
    items: (await definitions.list()).map(view),
  }))

  app.post(path, { ...operations.create, ...limit }, async (request, reply) =>
    once(request, reply, async () => {
      guard(request)
      const created = await definitions.create(request.body)
      const headers = {
        location: `${deps.issuer}/api/admin${path}/${created.id}`,
        etag: `"${created.version}"`,
      }
      const also = Object.keys(shown).map((name) => [name, (created as Record<string, unknown>)[name]])
      return { headers, body: { ...view(created), ...Object.fromEntries(also) } }
    }),
  )

  app.get(`${path}/:id`, { ...operations.read, ...limit }, async (request, reply) => {
    const found = await definitions.get(request.params.id)
    sendEtag(reply, found.version)
    return view(found)
  })

  app.patch(`${path}/:id`, { ...operations.change, ...limit }, async (request, reply) => {
    const { id, version } = await definitions.get(request.params.id)
    guard(request)
    const given = requireMatch(request, version) ? { ifVersion: version } : {}
    const changed = await orFailed(definitions.update(id, request.body, given))
    sendEtag(reply, changed.version)
    return view(changed)
  })

  app.delete(`${path}/:id`, { ...operations.remove, ...limit }, async (request, reply) => {
    const { id, version } = await definitions.get(request.params.id)
    guard(request)
    const given = requireMatch(request, version) ? { ifVersion: version } : {}
    await orFailed(definitions.remove(id, given))
    return reply.code(204).send()
  })
}

/** `/attributes` */
export function attributeRoutes(context: RestContext): void {
  const { attributes, attributeFields } = context.deps
  definitionRoutes(context, ATTRIBUTE, attributeFields, attributes)
}

/** `/claims` */
export function claimRoutes(context: RestContext): void {
  const { claimFields, customClaims } = context.deps
  definitionRoutes(context, CLAIM, claimFields, customClaims)
}
