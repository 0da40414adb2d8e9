/** The document that all brands stand in: what is stored of each owner, and the document with something else said. */
import { z } from 'zod'
import { own } from '../shared/own.ts'
import { BRAND_FIELDS, BRAND_NAMES, type Brand } from './fields.ts'

/** Whose brand it is. */
export type BrandOwner = { kind: 'server' } | { kind: 'organization' | 'client'; id: string }

const said = z.record(z.string(), z.union([z.string(), z.number()]))
const schema = z.object({
  server: said.default({}),
  clients: z.record(z.string(), said).default({}),
  organizations: z.record(z.string(), z.object({ slug: z.string(), brand: said })).default({}),
})
export type Stored = z.output<typeof schema>
type Said = z.output<typeof said>

export const EMPTY: Stored = { server: {}, clients: {}, organizations: {} }

/** What another version of the program has stored and this one cannot read is nothing. */
export const storedIn = (document: string): Stored => schema.safeParse(JSON.parse(document)).data ?? EMPTY

/** What is stored of a brand as it counts; what another version of the program has stored and this one does not take is not said. */
export const brandOf = (stored: Said | undefined): Brand =>
  Object.fromEntries(
    BRAND_NAMES.map((name) => {
      const value = stored === undefined ? undefined : own(stored, name)
      return [name, value === undefined ? null : (BRAND_FIELDS[name].schema.safeParse(value).data ?? null)]
    }),
  ) as unknown as Brand

export const saidOf = (brand: Brand): Said =>
  Object.fromEntries(
    Object.entries(brand).filter((entry): entry is [string, string | number] => entry[1] !== null),
  )

export const savedOf = (stored: Stored, owner: BrandOwner): Said | undefined => {
  if (owner.kind === 'server') return stored.server
  return owner.kind === 'client' ? own(stored.clients, owner.id) : own(stored.organizations, owner.id)?.brand
}

const without = <Value>(map: Readonly<Record<string, Value>>, id: string): Record<string, Value> =>
  Object.fromEntries(Object.entries(map).filter(([each]) => each !== id))

/** The document with what an owner says now; nothing: its entry goes. */
export function withSaid(stored: Stored, owner: BrandOwner, brand: Said, slug: string): Stored {
  if (owner.kind === 'server') return { ...stored, server: brand }
  const gone = Object.keys(brand).length === 0
  const { clients, organizations } = stored
  if (owner.kind === 'client')
    return { ...stored, clients: { ...without(clients, owner.id), ...(!gone && { [owner.id]: brand }) } }
  const rest = without(organizations, owner.id)
  return { ...stored, organizations: { ...rest, ...(!gone && { [owner.id]: { slug, brand } }) } }
}

export const picturesOf = (brand: Brand): string[] =>
  [brand.logo, brand.favicon].filter((each) => each !== null)

export const allOf = ({ server, clients, organizations }: Stored): { owner: BrandOwner; brand: Brand }[] => [
  ...(Object.keys(server).length > 0 ? [{ owner: { kind: 'server' } as const, brand: brandOf(server) }] : []),
  ...Object.entries(organizations).map(([id, { brand }]) => ({
    owner: { kind: 'organization', id } as const,
    brand: brandOf(brand),
  })),
  ...Object.entries(clients).map(([id, brand]) => ({
    owner: { kind: 'client', id } as const,
    brand: brandOf(brand),
  })),
]
