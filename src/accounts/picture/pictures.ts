import { randomBytes } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import { t } from '../../shared/locales/texts.ts'
import { cleanPicture, MAX_SIDE } from '../../shared/pictures/clean.ts'
import { refusedFields } from '../../shared/validation-error.ts'
import type { Database } from '../../storage/database.ts'
import { notFound } from '../account.ts'
import type { Accounts } from '../accounts.ts'
import { changeOf, type SecurityEvents } from '../events.ts'
import type { AccountStore } from '../store/store.ts'

/** Bytes of a picture. */
export const MAX_PICTURE = 512 * 1024

const REFUSED = {
  unknown: 'picture.unknown',
  damaged: 'picture.damaged',
  too_wide: 'picture.tooWide',
} as const

/** Pictures that people upload. The claim `picture` is the address of theirs here. */
export interface Pictures {
  /** In place of the one before, without what it says beside the image (src/shared/pictures/clean.ts). @throws ValidationError on `picture` */
  upload(accountId: string, bytes: Uint8Array | undefined): Promise<void>
  /** False: there is none. Takes away an address at another server, too. */
  remove(accountId: string): Promise<boolean>
  /** As it is served; undefined: there is none, or its account has another one by now. */
  find(id: string): Promise<{ mediaType: string; bytes: Uint8Array } | undefined>
}

/** @param deps.issuer the base of the addresses */
export function createPictures(deps: {
  db: Pick<Database, 'prisma'>
  store: AccountStore
  updateProfile: Accounts['updateProfile']
  events: SecurityEvents
  issuer: string
  clock: Clock
}): Pictures {
  const { store, events, clock } = deps
  const { prisma } = deps.db
  const addressOf = (id: string) => `${deps.issuer.replace(/\/+$/, '')}/pictures/${id}`

  return {
    async upload(accountId, bytes) {
      if (!bytes?.length) throw refusedFields({ picture: t('picture.choose') })
      if (bytes.length > MAX_PICTURE) throw refusedFields({ picture: t('picture.tooLarge') })
      const picture = await cleanPicture(bytes)
      if (typeof picture === 'string')
        throw refusedFields({ picture: t(REFUSED[picture], { max: MAX_SIDE }) })
      const before = await store.byId(accountId)
      if (!before) throw notFound()
      const id = randomBytes(16).toString('base64url')
      const { mediaType } = picture
      const kept = { id, mediaType, bytes: new Uint8Array(picture.bytes), createdAt: new Date(clock()) }
      await prisma.$transaction([
        prisma.accountPicture.deleteMany({ where: { accountId } }),
        prisma.accountPicture.create({ data: { ...kept, accountId } }),
        prisma.account.updateMany({
          where: { id: accountId },
          data: { picture: addressOf(id), updatedAt: new Date(clock()) },
        }),
      ])
      const after = await store.byId(accountId)
      if (after) events.emit({ type: 'account.profile_changed', ...changeOf(before, after) })
    },

    async remove(accountId) {
      const before = await store.byId(accountId)
      await prisma.accountPicture.deleteMany({ where: { accountId } })
      if (!before || before.picture === null) return false
      await deps.updateProfile(accountId, { picture: null })
      return true
    },

    async find(id) {
      const row = await prisma.accountPicture.findUnique({
        where: { id },
        include: { account: { select: { picture: true } } },
      })
      return row?.account.picture === addressOf(id) ? row : undefined
    },
  }
}
