import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Accounts } from '../../../accounts/accounts.ts'
import type { Attributes } from '../../../attributes/attributes.ts'
import type { Claims } from '../../../attributes/claims/claims.ts'
import type { ClaimPreview } from '../../../oidc/tokens/claim-preview.ts'
import type { NamedDefinitionField } from '../../../shared/definitions/field.ts'
import { message, t } from '../../../shared/locales/texts.ts'
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
      title: message('admin.attributes.title'),
      define: message('admin.attributes.define'),
      defineButton: message('admin.attributes.define.submit'),
      about: message('admin.attributes.about'),
      empty: message('admin.attributes.empty'),
      columns: ['type', 'editable_by', 'visible_to'],
      notices: {
        created: message('admin.attributes.notice.created'),
        saved: message('admin.common.saved'),
        deleted: message('admin.attributes.notice.deleted'),
      },
      deleteTitle: (name) => message('admin.common.delete.title', { name }),
      deleteButton: message('admin.attributes.delete.submit'),
      deleting: async ({ name }) =>
        message('admin.attributes.deleting', { people: await attributes.countPeople(name) }),
      lossless: async ({ name }) =>
        (await attributes.countPeople(name)) === 0
          ? message('admin.attributes.deleting.lossless')
          : undefined,
      ends: async ({ name }) =>
        message('admin.attributes.ends', { people: await attributes.countPeople(name) }),
      facts: async (one) => [[t('admin.attributes.people'), await people(one)]],
      readers: async (one) => ({
        title: t('admin.attributes.readers'),
        empty: t('admin.attributes.readers.none'),
        items: (await readersOf(one)).map(({ id, name }) => ({ href: `/admin/claims/${id}`, name })),
      }),
      ending: async (one) => [
        { label: t('admin.attributes.people'), value: await people(one) },
        {
          label: t('admin.attributes.readers'),
          value: (await readersOf(one)).map(({ name }) => name).join(', ') || t('admin.common.none'),
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
      { label: t('admin.clients.title'), value: clients.join(', ') || t('admin.common.all') },
      { label: t('admin.resources.title'), value: resources.join(', ') || t('admin.common.all') },
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
      ...(person === undefined && { user: t('admin.common.person.unknown') }),
      ...(person !== undefined && rows === undefined && { client: t('admin.claims.preview.no_client') }),
    }
    if (rows === undefined) return { form: { ...form, errors } }
    return {
      form,
      about: t('admin.claims.preview.for', { person: person?.displayUsername ?? '' }),
      rows: rows.map(({ place, api, value, why }) => ({
        place: api === undefined ? place : t('admin.claims.preview.place.api', { place, api }),
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
      title: message('admin.claims.title'),
      define: message('admin.claims.define'),
      defineButton: message('admin.claims.define.submit'),
      about: message('admin.claims.about'),
      empty: message('admin.claims.empty'),
      columns: ['source', 'value', 'shape', 'in'],
      notices: {
        created: message('admin.claims.notice.created'),
        saved: message('admin.claims.notice.saved'),
        deleted: message('admin.claims.notice.deleted'),
      },
      deleteTitle: (name) => message('admin.common.delete.title', { name }),
      deleteButton: message('admin.claims.delete.submit'),
      deleting: message('admin.claims.deleting'),
      ends: message('admin.claims.ends'),
      facts: async () => [],
      ending: whom,
      preview,
    },
  })
}
