import type { Definitions } from '../../../attributes/definitions/definitions.ts'
import type { NamedDefinitionField } from '../../../attributes/definitions/field.ts'
import type { RestContext } from '../context.ts'
import { orFailed, requireMatch, sendEtag } from '../etag.ts'
import { createOnce } from '../idempotency.ts'
import { operation } from '../operation.ts'
import { idParams, pageOf } from '../schemas.ts'
import { definitionSchemas, definitionView } from './schemas.ts'

const area = 'attributes and claims' as const

/** What is defined, in words. */
interface Kind {
  kind: 'attribute' | 'claim'
  description: string
  /** “an attribute” */
  one: string
  changing: string
  deleting: string
}

const ATTRIBUTE: Kind = {
  kind: 'attribute',
  one: 'an attribute',
  description: 'What administrators have defined of people beside the standard claims.',
  changing: 'Name and type stay. Values that people have are kept.',
  deleting: 'With the values that people have.',
}

const CLAIM: Kind = {
  kind: 'claim',
  one: 'a claim',
  description: 'What apps and APIs are told of people beside the standard claims.',
  changing: 'The name stays. It counts with the next token and the next answer.',
  deleting: 'Tokens that were issued say it until they expire.',
}

/** The operations on what is defined, a list that has no pages. */
function operationsOf(
  { kind, one, description, changing, deleting }: Kind,
  fields: readonly NamedDefinitionField[],
) {
  const name = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`
  const { answer, body } = definitionSchemas(fields, { id: name, description })
  return {
    list: operation({
      id: `list${name}s`,
      area,
      needs: 'read',
      summary: `List ${kind}s`,
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
      answers: [201, 'Defined.', answer],
      problems: [409],
    }),
    read: operation({
      id: `read${name}`,
      area,
      needs: 'read',
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

function definitionRoutes<Content>(
  { app, deps }: RestContext,
  words: Kind,
  fields: readonly NamedDefinitionField[],
  definitions: Omit<Definitions<Content>, 'live'>,
): void {
  const operations = operationsOf(words, fields)
  const path = `/${words.kind}s`
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)
  const view = (one: { id: string; createdAt: number }) => definitionView(fields, one)

  app.get(path, { ...operations.list, ...limit }, async () => ({
    items: (await definitions.list()).map(view),
  }))

  app.post(path, { ...operations.create, ...limit }, async (request, reply) =>
    once(request, reply, async () => {
      const created = await definitions.create(request.body)
      const headers = {
        location: `${deps.issuer}/api/admin${path}/${created.id}`,
        etag: `"${created.version}"`,
      }
      return { headers, body: view(created) }
    }),
  )

  app.get(`${path}/:id`, { ...operations.read, ...limit }, async (request, reply) => {
    const found = await definitions.get(request.params.id)
    sendEtag(reply, found.version)
    return view(found)
  })

  app.patch(`${path}/:id`, { ...operations.change, ...limit }, async (request, reply) => {
    const { id, version } = await definitions.get(request.params.id)
    const given = requireMatch(request, version) ? { ifVersion: version } : {}
    const changed = await orFailed(definitions.update(id, request.body, given))
    sendEtag(reply, changed.version)
    return view(changed)
  })

  app.delete(`${path}/:id`, { ...operations.remove, ...limit }, async (request, reply) => {
    const { id, version } = await definitions.get(request.params.id)
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
