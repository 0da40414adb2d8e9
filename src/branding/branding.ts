// Branding owns: what an owner says of name, logo, colours, links and the foot of messages, for the server, an organization and a client; what counts of it on a page;
// the pictures. It does not own the pages, nor which client a page belongs to.
//
//   client ─► organization ─► server ─► what ships: field by field, the first that says it
import type { BrandedBy } from '../shared/branded-by.ts'
import { contentVersion } from '../shared/content-version.ts'
import { AppError, VersionConflict } from '../shared/errors.ts'
import { message, t } from '../shared/locales/texts.ts'
import { own } from '../shared/own.ts'
import { ValidationError } from '../shared/validation-error.ts'
import {
  allOf,
  type BrandOwner,
  brandOf,
  EMPTY,
  picturesOf,
  type Stored,
  saidOf,
  savedOf,
  storedIn,
  withSaid,
} from './document.ts'
import { BRAND_NAMES, type Brand, NOTHING_SAID, parseBrand } from './fields.ts'
import type { BrandImages } from './images.ts'
import { type MailBrand, mailOf, merged, type ShownBrand, shownOf } from './shown.ts'
import type { Sheets } from './theme.ts'

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

/** Characters of all that is stored: it is read with the settings, once a second. */
const MAX_TOTAL = 200_000
/** How often a change is tried again that others were faster than. */
const TRIES = 20
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
      parsed = { version: state.version, stored: storedIn(state.document) }
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
