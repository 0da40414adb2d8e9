import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Accounts } from '../../../accounts/accounts.ts'
import type { Attributes } from '../../../attributes/attributes.ts'
import type { Claims } from '../../../attributes/claims/claims.ts'
import type { ClaimPreview } from '../../../oidc/tokens/claim-preview.ts'
import type { NamedDefinitionField } from '../../../shared/definitions/field.ts'
import { countText } from '../access/form.ts'
import type { DefinitionTexts } from './form.ts'
import { definitionPages, type One } from './routes.ts'
import type { ShownPreview } from './view.ts'

export interface DefinitionsAreaDependencies {
  attributes: Pick<Attributes, 'list' | 'get' | 'create' | 'update' | 'remove' | 'countPeople'>
  customClaims: Pick<Claims, 'list' | 'get' | 'create' | 'update' | 'remove'>
  attributeFields: readonly NamedDefinitionField[]
  claimFields: readonly NamedDefinitionField[]
  definitionTexts: DefinitionTexts
  /** By ID, username or address. */
  findPerson: Accounts['find']
  /** What a claim would be; undefined: there is no such client. */
  previewClaim: ClaimPreview
}

/** `/admin/attributes`: what is known of people beside the standard claims. */
export async function attributesArea(
  app: FastifyInstance,
  { attributes, customClaims, attributeFields, definitionTexts }: DefinitionsAreaDependencies,
): Promise<void> {
  const readersOf = async ({ name }: One) =>
    (await customClaims.list()).filter(({ source, value }) => source === 'attribute' && value === name)
  const people = async ({ name }: One) => countText(await attributes.countPeople(name))
  definitionPages(app, {
    fields: attributeFields,
    definitions: attributes,
    texts: definitionTexts,
    words: {
      kind: 'attribute',
      one: 'an attribute',
      title: 'Attributes',
      about:
        'What you know of people beside the standard claims. Values are entered on the page of a person; an app is told of one by a claim.',
      empty:
        'There is no attribute yet. One is what you know of people beside the standard claims: a department, a cost center.',
      columns: ['type', 'editable_by', 'visible_to'],
      notices: {
        created: 'The attribute is defined. Enter its values on the pages of people.',
        saved: 'Saved.',
        deleted: 'The attribute is deleted, and no app is told of it any more.',
      },
      deleting: 'The values that people have go with it.',
      ends: 'The values that people have are deleted with it, and claims that read it have no value any more. A new attribute of this name begins empty.',
      facts: async (one) => [['People with a value', await people(one)]],
      readers: async (one) => ({
        title: 'Claims that read it',
        empty: 'None: no app is told of it.',
        items: (await readersOf(one)).map(({ id, name }) => ({ href: `/admin/claims/${id}`, name })),
      }),
      ending: async (one) => [
        { label: 'People with a value', value: await people(one) },
        {
          label: 'Claims that read it',
          value: (await readersOf(one)).map(({ name }) => name).join(', ') || 'none',
        },
      ],
    },
  })
}

const asked = z.object({
  user: z.string().max(400).default('').catch(''),
  client: z.string().max(2000).default('').catch(''),
})

/** `/admin/claims`: what apps and APIs are told beside the standard claims. */
export async function claimsArea(app: FastifyInstance, deps: DefinitionsAreaDependencies): Promise<void> {
  const { customClaims, claimFields, definitionTexts } = deps
  const whom = async ({ id }: One) => {
    const { clients, resources } = await customClaims.get(id)
    return [
      { label: 'Clients', value: clients.join(', ') || 'all' },
      { label: 'APIs', value: resources.join(', ') || 'all' },
    ]
  }

  async function preview(request: FastifyRequest, { id }: One): Promise<ShownPreview> {
    const { user, client } = asked.parse(request.method === 'GET' ? request.query : {})
    const form = { action: `/admin/claims/${encodeURIComponent(id)}`, values: { user, client } }
    if (user.trim() === '' && client.trim() === '') return { form }
    const [person, claim] = await Promise.all([
      user.trim() === '' ? undefined : deps.findPerson(user.trim()),
      customClaims.get(id),
    ])
    const rows = person && (await deps.previewClaim(claim, person, client.trim()))
    const errors = {
      ...(person === undefined && { user: 'There is no user with this username or address.' }),
      ...(person !== undefined && rows === undefined && { client: 'There is no client with this ID.' }),
    }
    if (rows === undefined) return { form: { ...form, errors } }
    return {
      form,
      about: `For ${person?.displayUsername}, where the app is granted every scope that it is registered for:`,
      rows: rows.map(({ place, api, value, why }) => ({
        place: api === undefined ? place : `${place} for ${api}`,
        value: value === undefined ? undefined : JSON.stringify(value),
        why,
      })),
    }
  }

  definitionPages(app, {
    fields: claimFields,
    definitions: customClaims,
    texts: definitionTexts,
    words: {
      kind: 'claim',
      one: 'a claim',
      title: 'Claims',
      about: 'What apps and APIs are told of a person beside the standard claims, under a name of their own.',
      empty:
        'There is no claim yet. One tells apps and APIs an attribute, groups, roles or a fixed text under the name that they look for.',
      columns: ['source', 'value', 'shape', 'in'],
      notices: {
        created: 'The claim is defined. See below what it would be for somebody.',
        saved: 'Saved. It counts with the next token and the next answer.',
        deleted: 'The claim is deleted: no further token says it.',
      },
      deleting: 'No further token says it.',
      ends: 'Apps and APIs are not told of it any more. Tokens that were issued say it until they expire; who decides by it may shut people out.',
      facts: async () => [],
      ending: whom,
      preview,
    },
  })
}
