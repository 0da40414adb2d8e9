/** What pages and messages show of a brand. */
import { BRAND_NAMES, type Brand } from './fields.ts'
import { isShownInMails, sizeOf } from './images.ts'
import { type Palette, paletteOf, type Sheets } from './theme.ts'

const SHIPPED_NAME = 'Latchkey'
const SHIPPED_RADIUS = 8
/** Width to height from which a logo holds the name. */
const WIDE = 1.6

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

/** Field by field, the first that says it. */
export const merged = (brands: readonly Brand[]): Brand =>
  Object.fromEntries(
    BRAND_NAMES.map((name) => [name, brands.find((brand) => brand[name] !== null)?.[name] ?? null]),
  ) as unknown as Brand

function logoOf({ logo }: Brand): ShownBrand['logo'] {
  if (logo === null) return undefined
  const { width, height } = sizeOf(logo)
  return { address: logo, width, height, wide: width >= height * WIDE }
}

export const shownOf = (brand: Brand, addressOf: Sheets['addressOf']): ShownBrand => ({
  name: brand.name ?? SHIPPED_NAME,
  named: brand.name !== null,
  logo: logoOf(brand),
  favicon: brand.favicon ?? undefined,
  sheet: addressOf(brand),
  support: brand.support_url ?? undefined,
  terms: brand.terms_url ?? undefined,
  privacy: brand.privacy_url ?? undefined,
})

export const mailOf = (brand: Brand): MailBrand => ({
  name: brand.name ?? undefined,
  logo: brand.logo !== null && isShownInMails(brand.logo) ? logoOf(brand) : undefined,
  footer: brand.mail_footer ?? undefined,
  palette: paletteOf(brand),
  radius: brand.radius ?? SHIPPED_RADIUS,
})
