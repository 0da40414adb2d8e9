import type { Branding } from './branding.ts'

/** What of an event a brand has to follow: a client or an organization is gone, or has another short name. Undefined: nothing. */
export function followOwners(
  branding: Pick<Branding, 'forget' | 'renamed'>,
  event: { type: string },
): Promise<void> | undefined {
  const {
    id,
    client_id: client,
    after,
  } = event as {
    id?: string
    client_id?: string
    after?: { slug?: unknown }
  }
  if (event.type === 'client.deleted' && client !== undefined)
    return branding.forget({ kind: 'client', id: client })
  if (event.type === 'organization.deleted' && id !== undefined)
    return branding.forget({ kind: 'organization', id })
  if (event.type === 'organization.updated' && id !== undefined && typeof after?.slug === 'string')
    return branding.renamed(id, after.slug)
  return undefined
}
