import { hash } from 'node:crypto'
import type { Clock } from '../shared/clock.ts'
import { t } from '../shared/locales/texts.ts'
import { type CleanPicture, cleanPicture, MAX_SIDE } from '../shared/pictures/clean.ts'
import { PICTURE } from './fields.ts'
import type { BrandImageStore } from './store.ts'
import type { RefusedSvg } from './svg/clean.ts'

/** Bytes of a picture. */
export const MAX_PICTURE = 512 * 1024

/** Milliseconds that a picture stays which no brand has any more: messages that were sent show it. */
const KEPT = 30 * 24 * 60 * 60 * 1000

/** Pictures that one run of the job looks at. */
const BATCH = 200

const ENDINGS = {
  ...{ 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' },
  'image/svg+xml': 'svg',
} as const

type Refused =
  | 'unknown'
  | 'damaged'
  | 'too_wide'
  | 'too_large'
  | `svg_${Exclude<RefusedSvg['why'], 'damaged'>}`

interface CleanSvg extends Omit<CleanPicture, 'mediaType'> {
  mediaType: 'image/svg+xml'
}

/** Why a picture is not taken, in the language of who uploads it. */
const refused = (why: Refused, element = ''): string =>
  t(`admin.branding.picture.${why}`, { side: MAX_SIDE, size: MAX_PICTURE / 1024, element })

/** A data: URI (RFC 2397) of something in base64. */
const DATA = /^data:[\w.+-]+\/[\w.+-]+;base64,([A-Za-z0-9+/]*={0,2})$/

/** Logos and icons, served from this origin by what is in them. */
export interface BrandImages {
  /** Keeps an uploaded one, without what it says beside the image. @returns its address, or what is wrong with it */
  keep(bytes: Uint8Array): Promise<{ address: string } | { problem: string }>
  /** As `keep`, of a data: URI; any other text is what it is. */
  keepOf(value: unknown): Promise<{ address: unknown } | { problem: string }>
  /** Says that they are in use. @returns false: one of them is not here */
  use(addresses: readonly string[]): Promise<boolean>
  /** As it is served. @param file the last part of its address */
  find(file: string): Promise<{ mediaType: string; bytes: Uint8Array } | undefined>
  /** For a job: deletes those that have been out of use for a month. @param used the addresses in use */
  purge(used: () => Promise<readonly string[]>): Promise<number>
}

/** Width and height in pixels, as the address of a picture names them. */
export function sizeOf(address: string): { width: number; height: number } {
  const [, , width, height] = PICTURE.exec(address) ?? []
  return { width: Number(width ?? 0), height: Number(height ?? 0) }
}

/** Whether mail programs show it: they show no SVG. */
export const isShownInMails = (address: string): boolean => !address.endsWith('.svg')

const fileOf = (address: string): string => address.slice('/theme/'.length)

/** No other picture begins with a tag. */
const beginsLikeSvg = (bytes: Uint8Array): boolean =>
  /^\s*</.test(new TextDecoder().decode(bytes.subarray(0, 1024)))

/** What reads XML is loaded with the first SVG. */
async function cleanedSvg(bytes: Uint8Array): Promise<CleanSvg | 'damaged' | { problem: string }> {
  const { cleanSvg } = await import('./svg/clean.ts')
  const svg = cleanSvg(bytes)
  if ('bytes' in svg) return { mediaType: 'image/svg+xml' as const, ...svg }
  if (svg.why === 'damaged') return 'damaged'
  return { problem: refused(`svg_${svg.why}`, svg.why === 'missed' ? svg.element : '') }
}

export function createBrandImages({ store, clock }: { store: BrandImageStore; clock: Clock }): BrandImages {
  const now = () => new Date(clock())

  const keep: BrandImages['keep'] = async (bytes) => {
    if (bytes.length > MAX_PICTURE) return { problem: refused('too_large') }
    const picture = beginsLikeSvg(bytes) ? await cleanedSvg(bytes) : await cleanPicture(bytes)
    if (typeof picture === 'string') return { problem: refused(picture) }
    if ('problem' in picture) return { problem: picture.problem }
    const { width, height, mediaType } = picture
    const digest = hash('sha256', picture.bytes, 'base64url')
    const file = `${digest}.${width}x${height}.${ENDINGS[mediaType]}`
    await store.put({ file, bytes: picture.bytes }, now())
    return { address: `/theme/${file}` }
  }

  return {
    keep,
    async keepOf(value) {
      if (typeof value !== 'string' || !value.startsWith('data:')) return { address: value }
      const [, base64] = DATA.exec(value) ?? []
      return base64 ? keep(Buffer.from(base64, 'base64')) : { problem: refused('unknown') }
    },
    use: async (addresses) => {
      const files = [...new Set(addresses.map(fileOf))]
      return files.length === 0 || (await store.touch(files, now())) === files.length
    },
    async find(file) {
      const row = await store.find(file)
      const ending = file.slice(file.lastIndexOf('.') + 1)
      const [mediaType] = Object.entries(ENDINGS).find(([, each]) => each === ending) ?? []
      return row && mediaType ? { mediaType, bytes: row.bytes } : undefined
    },
    async purge(used) {
      const before = new Date(clock() - KEPT)
      const stale = await store.stale(before, BATCH)
      if (stale.length === 0) return 0
      const inUse = new Set((await used()).map(fileOf))
      // Those in use are not looked at again for a month.
      await store.touch(
        stale.filter((file) => inUse.has(file)),
        now(),
      )
      return store.remove(
        stale.filter((file) => !inUse.has(file)),
        before,
      )
    },
  }
}
