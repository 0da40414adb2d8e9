import { z } from 'zod'
import type { BrandOwner } from '../../branding/document.ts'
import type { Brand, NamedBrandField } from '../../branding/fields.ts'
import { orFailed, requireMatch, sendEtag } from '../../http/etag.ts'
import type { RestContext } from './context.ts'
import { callerOf } from './guard.ts'
import { refuseBranding } from './machine.ts'
import { operation } from './operation.ts'
import { field, idParams } from './schemas.ts'

const area = 'settings' as const

/** Bytes of a body: two pictures as data: URIs. */
const MAX_BODY = 1536 * 1024

/** Of pictures, what an answer holds and a body may hold. */
const PICTURE =
  'In an answer its address at this server; in a body that, or a data: URI of an SVG, PNG, JPEG or WebP.'

/** A field as it is read and written; null: what stands behind it counts. */
function fieldOf({ hint, input }: NamedBrandField) {
  if (input === 'number') return field({ type: ['integer', 'null'], minimum: 0, maximum: 24 }, hint)
  return field({ type: ['string', 'null'] }, input === 'picture' ? `${hint} ${PICTURE}` : hint)
}

function schemasOf(fields: readonly NamedBrandField[]) {
  const each = Object.fromEntries(fields.map((named) => [named.name, fieldOf(named)]))
  const optional = Object.fromEntries(Object.entries(each).map(([name, schema]) => [name, schema.optional()]))
  return {
    answer: z.object(each).meta({
      id: 'Branding',
      description:
        'What is said of a brand. null: what stands behind it counts, of a client the organization, the server, and what ships.',
    }),
    body: z
      .looseObject(optional, { error: 'Send a JSON object of fields.' })
      .meta({ examples: [{ name: 'Harbour Notes', accent: '#0f5c73', radius: 8 }] }),
  }
}

const OWNERS = [
  { path: '/branding', kind: 'server', of: 'the server', id: 'Branding' },
  { path: '/clients/:id/branding', kind: 'client', of: 'a client', id: 'ClientBranding' },
  {
    path: '/organizations/:id/branding',
    kind: 'organization',
    of: 'an organization',
    id: 'OrganizationBranding',
  },
] as const

/** `/branding`, `/clients/:id/branding`, `/organizations/:id/branding` */
export function brandingRoutes({ app, deps }: RestContext): void {
  const limit = deps.limit('admin')
  const { branding } = deps
  const { answer, body } = schemasOf(deps.brandFields)

  for (const { path, kind, of, id } of OWNERS) {
    const params = kind === 'server' ? {} : { params: idParams }
    const read = operation({
      ...params,
      id: `read${id}`,
      area,
      needs: 'branding.read',
      summary: `Read the brand of ${of}`,
      safe: true,
      answers: [200, 'All of its fields; `ETag` names their state.', answer],
      problems: [404],
    })
    const replace = operation({
      ...params,
      id: `replace${id}`,
      area,
      needs: 'branding.update',
      summary: `Say the brand of ${of}`,
      description:
        'All of its fields: those that are left out, or null, are said no more. Pictures are kept at this server. A colour that texts cannot be read on is refused, with the nearest that they can. A change counts in every process within two seconds.',
      conditional: true,
      body,
      answers: [200, 'The brand as it is now.', answer],
      problems: [404, 409],
    })
    const ownerOf = (given: unknown): BrandOwner =>
      kind === 'server' ? { kind } : { kind, id: (given as { id: string }).id }

    app.get(path, { ...read, ...limit }, async (request, reply) => {
      const { brand, version } = await branding.get(ownerOf(request.params))
      sendEtag(reply, version)
      return brand as Record<keyof Brand, unknown>
    })

    app.put(path, { ...replace, ...limit, bodyLimit: MAX_BODY }, async (request, reply) => {
      refuseBranding(callerOf(request))
      const owner = ownerOf(request.params)
      const { version } = await branding.get(owner)
      const given = requireMatch(request, version) ? { ifVersion: version } : {}
      const state = await orFailed(branding.set(owner, request.body, given))
      sendEtag(reply, state.version)
      return state.brand as Record<keyof Brand, unknown>
    })
  }
}
