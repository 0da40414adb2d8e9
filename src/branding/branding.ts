// Branding owns: what an owner says of name, logo, colours, links and the foot of messages, for the server, an organization and a client; what counts of it on a page;
// the pictures. It does not own the pages, nor which client a page belongs to.
//
//   client ─► organization ─► server ─► what ships: field by field, the first that says it
//
// Over 300 lines: the interface with what each method promises, and the one document that all of them read and write.
import { z } from 'zod'
import type { BrandedBy } from '../shared/branded-by.ts'
import { contentVersion } from '../shared/content-version.ts'
import { AppError, VersionConflict } from '../shared/errors.ts'
import { message, t } from '../shared/locales/texts.ts'
import { own } from '../shared/own.ts'
import { ValidationError } from '../shared/validation-error.ts'
import { BRAND_FIELDS, BRAND_NAMES, type Brand, NOTHING_SAID, parseBrand } from './fields.ts'
import { type BrandImages, isShownInMails, sizeOf } from './images.ts'
import { type Palette, paletteOf, type Sheets } from './theme.ts'

/** Whose brand it is. */
export type BrandOwner = { kind: 'server' } | { kind: 'organization' | 'client'; id: string }

export interface BrandState {
  brand: Brand
  /** Another one for other content. */
  version: string
}

export interface BrandingEvent {
  type: 'branding.updated'
  /** Of the client or organization, or `server`. */
  id: string
  /** Whose brand it is. */
  name: string
  of: BrandOwner['kind']
  /** What was said before, and is said now, of each field that was changed. */
  before: Partial<Brand>
  after: Partial<Brand>
}

/** What a page shows. */
export interface ShownBrand {
  name: string
  /** Whether anybody has said the name. */
  named: boolean
  /** `wide`: it stands alone. */
  logo: { address: string; width: number; height: number; wide: boolean } | undefined
  favicon: string | undefined
  /** The address of its style sheet; undefined: as it ships. */
  sheet: string | undefined
  support: string | undefined
  terms: string | undefined
  privacy: string | undefined
}

/** What a message shows. */
export interface MailBrand extends Pick<ShownBrand, 'logo'> {
  /** Undefined: nobody has said one. */
  name: string | undefined
  footer: string | undefined
  palette: Palette
  /** Pixels. */
  radius: number
}

export interface Branding {
  /** @throws AppError as `describe` of the dependencies, for an owner that is not there */
  get(owner: BrandOwner): Promise<BrandState & { owner: { name: string } }>
  /**
   * Says all of a brand; what is left out is said no more. A picture is an address that this server has, or a data: URI.
   * @param given.ifVersion the state that it is meant for
   * @throws ValidationError (422) with every problem at once · VersionConflict · AppError for an owner that is not there
   */
  set(owner: BrandOwner, given: unknown, options?: { ifVersion?: string | undefined }): Promise<BrandState>
  /** What would be stored, its pictures kept. @throws ValidationError (422) */
  draft(given: unknown): Promise<Brand>
  /** What counts at this moment. No statement. */
  shown(by?: BrandedBy): ShownBrand
  /** What would count, if an owner said this. */
  shownAs(owner: BrandOwner, brand: Brand): ShownBrand & { mail: MailBrand }
  /** What messages wear at this moment. No statement. @param by what a message belongs to; undefined: the server */
  mail(by?: BrandedBy): MailBrand
  /** Every brand that is said, by its owner. */
  list(): Promise<{ owner: BrandOwner; brand: Brand }[]>
  /** An owner is gone, or has another short name. */
  forget(owner: BrandOwner): Promise<void>
  renamed(id: string, slug: string): Promise<void>
  images: Pick<BrandImages, 'keep' | 'find'>
  sheetAt: Sheets['sheetAt']
  /** For a job: drops brands without an owner and pictures without a brand. */
  purge(): Promise<number>
}

interface Document {
  current(): { version: number; document: string }
  read(): Promise<{ version: number; document: string }>
  replace(version: number, document: string): Promise<boolean>
}

export const SHIPPED_NAME = 'Latchkey'
const SHIPPED_RADIUS = 8

/** Characters of all that is stored: it is read with the settings, once a second. */
const MAX_TOTAL = 200_000
/** How often a change is tried again that others were faster than. */
const TRIES = 20
/** Width to height from which a logo holds the name. */
const WIDE = 1.6

const said = z.record(z.string(), z.union([z.string(), z.number()]))
const schema = z.object({
  server: said.default({}),
  clients: z.record(z.string(), said).default({}),
  organizations: z.record(z.string(), z.object({ slug: z.string(), brand: said })).default({}),
})
type Stored = z.output<typeof schema>
type Said = z.output<typeof said>

const EMPTY: Stored = { server: {}, clients: {}, organizations: {} }

/** What is stored of a brand as it counts; what another version of the program has stored and this one does not take is not said. */
const brandOf = (stored: Said | undefined): Brand =>
  Object.fromEntries(
    BRAND_NAMES.map((name) => {
      const value = stored === undefined ? undefined : own(stored, name)
      return [name, value === undefined ? null : (BRAND_FIELDS[name].schema.safeParse(value).data ?? null)]
    }),
  ) as unknown as Brand

const saidOf = (brand: Brand): Said =>
  Object.fromEntries(
    Object.entries(brand).filter((entry): entry is [string, string | number] => entry[1] !== null),
  )

const savedOf = (stored: Stored, owner: BrandOwner): Said | undefined => {
  if (owner.kind === 'server') return stored.server
  return owner.kind === 'client' ? own(stored.clients, owner.id) : own(stored.organizations, owner.id)?.brand
}

const without = <Value>(map: Readonly<Record<string, Value>>, id: string): Record<string, Value> =>
  Object.fromEntries(Object.entries(map).filter(([each]) => each !== id))

/** The document with what an owner says now; nothing: its entry goes. */
function withSaid(stored: Stored, owner: BrandOwner, brand: Said, slug: string): Stored {
  if (owner.kind === 'server') return { ...stored, server: brand }
  const gone = Object.keys(brand).length === 0
  const { clients, organizations } = stored
  if (owner.kind === 'client')
    return { ...stored, clients: { ...without(clients, owner.id), ...(!gone && { [owner.id]: brand }) } }
  const rest = without(organizations, owner.id)
  return { ...stored, organizations: { ...rest, ...(!gone && { [owner.id]: { slug, brand } }) } }
}

const picturesOf = (brand: Brand): string[] => [brand.logo, brand.favicon].filter((each) => each !== null)

const allOf = ({ server, clients, organizations }: Stored): { owner: BrandOwner; brand: Brand }[] => [
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

/** Field by field, the first that says it. */
const merged = (brands: readonly Brand[]): Brand =>
  Object.fromEntries(
    BRAND_NAMES.map((name) => [name, brands.find((brand) => brand[name] !== null)?.[name] ?? null]),
  ) as unknown as Brand

function logoOf({ logo }: Brand): ShownBrand['logo'] {
  if (logo === null) return undefined
  const { width, height } = sizeOf(logo)
  return { address: logo, width, height, wide: width >= height * WIDE }
}

const shownOf = (brand: Brand, addressOf: Sheets['addressOf']): ShownBrand => ({
  name: brand.name ?? SHIPPED_NAME,
  named: brand.name !== null,
  logo: logoOf(brand),
  favicon: brand.favicon ?? undefined,
  sheet: addressOf(brand),
  support: brand.support_url ?? undefined,
  terms: brand.terms_url ?? undefined,
  privacy: brand.privacy_url ?? undefined,
})

const mailOf = (brand: Brand): MailBrand => ({
  name: brand.name ?? undefined,
  logo: brand.logo !== null && isShownInMails(brand.logo) ? logoOf(brand) : undefined,
  footer: brand.mail_footer ?? undefined,
  palette: paletteOf(brand),
  radius: brand.radius ?? SHIPPED_RADIUS,
})

export function createBranding(deps: {
  document: Document
  images: BrandImages
  sheets: Sheets
  /** The owner, if it is there. @throws AppError (404) */
  describe(owner: BrandOwner & { id: string }): Promise<{ name: string; slug?: string }>
  /** Told of every change after it is stored. */
  events(event: BrandingEvent): void
}): Branding {
  const { document, images, sheets, events } = deps
  let parsed: { version: number; stored: Stored } = { version: 0, stored: EMPTY }
  let cached: { version: number; shown: Map<string, ShownBrand>; mail: Map<string, MailBrand> } = {
    version: -1,
    shown: new Map(),
    mail: new Map(),
  }

  const storedOf = (state: { version: number; document: string }): Stored => {
    if (state.version !== parsed.version)
      parsed = { version: state.version, stored: schema.safeParse(JSON.parse(state.document)).data ?? EMPTY }
    return parsed.stored
  }

  const now = () => {
    const state = document.current()
    if (cached.version !== state.version)
      cached = { version: state.version, shown: new Map(), mail: new Map() }
    return { stored: storedOf(state), cached }
  }

  /** What counts where, and what it is kept by. */
  function chosen({ client, organization }: BrandedBy) {
    const { stored, cached } = now()
    const ofClient = client === undefined ? undefined : own(stored.clients, client)
    const ofOrganization =
      organization === undefined
        ? undefined
        : (Object.entries(stored.organizations).find(([, { slug }]) => slug === organization) ??
          Object.entries(stored.organizations).find(([id]) => id === organization))
    const brands = [ofClient, ofOrganization?.[1].brand, stored.server].filter((each) => each !== undefined)
    return {
      key: `${ofClient ? client : ''} ${ofOrganization?.[0] ?? ''}`,
      brand: () => merged(brands.map(brandOf)),
      cached,
    }
  }

  const stateOf = (stored: Stored, owner: BrandOwner): BrandState => {
    const brand = brandOf(savedOf(stored, owner))
    return { brand, version: contentVersion(brand) }
  }

  const describe = async (owner: BrandOwner): Promise<{ name: string; slug?: string }> =>
    owner.kind === 'server' ? { name: 'this server' } : deps.describe(owner as BrandOwner & { id: string })

  const draft: Branding['draft'] = async (given) => {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return parseBrand(given)
    const kept: Record<string, unknown> = { ...given }
    const problems: { field: string; message: string }[] = []
    for (const name of ['logo', 'favicon'] as const) {
      const read = await images.keepOf(kept[name])
      if ('address' in read) kept[name] = read.address
      else problems.push({ field: name, message: read.problem })
    }
    const wrong = (error: unknown) => {
      if (!(error instanceof ValidationError)) throw error
      const told = new Set(problems.map(({ field }) => field))
      return new ValidationError([...problems, ...error.problems.filter(({ field }) => !told.has(field))], {
        code: 'invalid_branding',
      })
    }
    let brand: Brand
    try {
      brand = parseBrand(kept)
    } catch (error) {
      throw wrong(error)
    }
    if (problems.length > 0) throw new ValidationError(problems, { code: 'invalid_branding' })
    for (const name of ['logo', 'favicon'] as const)
      if (brand[name] !== null && !(await images.use([brand[name]])))
        throw new ValidationError({ [name]: t('admin.branding.must.uploaded') }, { code: 'invalid_branding' })
    return brand
  }

  /** Replaces the document by what `change` makes of it. Undefined: there is nothing to change. */
  async function replace(change: (stored: Stored) => Stored | undefined): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const state = await document.read()
      const next = change(storedOf(state))
      if (next === undefined || (await document.replace(state.version, JSON.stringify(next)))) return
    }
    throw new VersionConflict('brand')
  }

  return {
    draft,
    images,
    sheetAt: sheets.sheetAt,

    async get(owner) {
      const { name } = await describe(owner)
      return { ...stateOf(storedOf(await document.read()), owner), owner: { name } }
    },

    async set(owner, given, { ifVersion } = {}) {
      const { name, slug = '' } = await describe(owner)
      const brand = await draft(given)
      let before: Brand = NOTHING_SAID
      let changed: string[] = []
      await replace((stored) => {
        const state = stateOf(stored, owner)
        if (ifVersion !== undefined && ifVersion !== state.version) throw new VersionConflict('brand')
        before = state.brand
        changed = BRAND_NAMES.filter((name) => brand[name] !== before[name])
        if (changed.length === 0) return undefined
        const next = withSaid(stored, owner, saidOf(brand), slug)
        if (JSON.stringify(next).length > MAX_TOTAL)
          throw new AppError(
            'too_much_branding',
            409,
            message('admin.branding.too_much', { most: MAX_TOTAL }),
          )
        return next
      })
      if (changed.length > 0) {
        // Messages that were sent show them for a while.
        await images.use(picturesOf(before))
        const each = (of: Brand) =>
          Object.fromEntries(Object.entries(of).filter(([name]) => changed.includes(name)))
        events({
          type: 'branding.updated',
          id: owner.kind === 'server' ? 'server' : owner.id,
          name,
          of: owner.kind,
          before: each(before),
          after: each(brand),
        })
      }
      return { brand, version: contentVersion(brand) }
    },

    shown(by = {}) {
      const { key, brand, cached } = chosen(by)
      const known = cached.shown.get(key)
      if (known) return known
      const shown = shownOf(brand(), sheets.addressOf)
      cached.shown.set(key, shown)
      return shown
    },

    shownAs(owner, brand) {
      const { stored } = now()
      const whole = merged(owner.kind === 'server' ? [brand] : [brand, brandOf(stored.server)])
      return { ...shownOf(whole, sheets.addressOf), mail: mailOf(whole) }
    },

    mail(by = {}) {
      const { key, brand, cached } = chosen(by)
      const known = cached.mail.get(key)
      if (known) return known
      const mail = mailOf(brand())
      cached.mail.set(key, mail)
      return mail
    },

    list: async () => allOf(storedOf(await document.read())),

    forget: (owner) =>
      replace((stored) =>
        savedOf(stored, owner) === undefined ? undefined : withSaid(stored, owner, {}, ''),
      ),

    renamed: (id, slug) =>
      replace((stored) => {
        const found = own(stored.organizations, id)
        if (found === undefined || found.slug === slug) return undefined
        return { ...stored, organizations: { ...stored.organizations, [id]: { ...found, slug } } }
      }),

    async purge() {
      let dropped = 0
      const stored = storedOf(await document.read())
      for (const { owner } of allOf(stored)) {
        try {
          const { slug } = await describe(owner)
          if (
            owner.kind === 'organization' &&
            slug !== undefined &&
            own(stored.organizations, owner.id)?.slug !== slug
          )
            await this.renamed(owner.id, slug)
        } catch (error) {
          if (!(error instanceof AppError) || error.status !== 404) throw error
          await this.forget(owner)
          dropped++
        }
      }
      return (
        dropped +
        (await images.purge(async () => (await this.list()).flatMap(({ brand }) => picturesOf(brand))))
      )
    },
  }
}
