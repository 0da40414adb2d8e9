import { randomBytes, randomUUID } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import { columnsOf } from '../../storage/columns.ts'
import type { Database } from '../../storage/database.ts'
import { isUniqueViolation } from '../../storage/driver-errors.ts'
import type { Passkey as Row } from '../../storage/generated/sqlite/client.ts'
import type { FactorChanger } from '../owner.ts'
import { changeFactors, type FactorChange, type StoredCode } from '../store/kinds.ts'
import type { CredentialRecord } from './ceremonies.ts'
import type { Passkey } from './passkeys.ts'

/** A passkey, with what verifies it. */
export interface StoredPasskey extends Passkey {
  accountId: string
  credentialId: string
  publicKey: string
  transports: readonly string[]
  /** Whether it has verified its user, at its registration or beside a password. */
  userVerified: boolean
}

export interface PasskeyStore {
  /** The user handle of an account (WebAuthn §5.4.3), made when it is first asked for. Undefined: the account is gone. */
  userHandle(accountId: string): Promise<string | undefined>
  /** Undefined: none was made. */
  knownUserHandle(accountId: string): Promise<string | undefined>
  /**
   * Adds a passkey to an account that may sign in, if its sign-ins of `generation` still count. `taken`: the credential is
   * registered already, here or with another account. `full`: the account has `most` already.
   */
  insert(
    to: { accountId: string; generation: number; most: number },
    record: CredentialRecord & { name: string },
    firstCodes: readonly StoredCode[] | undefined,
  ): Promise<FactorChange<StoredPasskey> | 'taken' | 'full' | 'no_account'>
  /** Those of one account, the oldest first. */
  list(accountId: string): Promise<StoredPasskey[]>
  /** With the user handle of its account. */
  byCredentialId(credentialId: string): Promise<{ passkey: StoredPasskey; userHandle: string } | undefined>
  /**
   * Records a use, if the counter has gone on or there is none (WebAuthn §7.2, step 22) and the passkey is not refused. False: nothing was recorded.
   * @param use.userVerified from now on it has verified its user
   */
  use(id: string, use: { counter: number; userVerified: boolean }): Promise<boolean>
  /** Refuses it from now on. True for the call that did. */
  refuse(id: string): Promise<boolean>
  rename(accountId: string, id: string, name: string): Promise<boolean>
  /** Undefined: the account has none of this id, or the sign-in has ended. */
  remove(by: FactorChanger, id: string): Promise<StoredPasskey | undefined>
}

const toPasskey = (row: Row): StoredPasskey => ({
  id: row.id,
  accountId: row.accountId,
  credentialId: row.credentialId,
  publicKey: row.publicKey,
  transports: row.transports.split(' ').filter(Boolean),
  aaguid: row.aaguid,
  synced: row.synced,
  userVerified: row.userVerified,
  name: row.name,
  createdAt: row.createdAt.getTime(),
  lastUsedAt: row.lastUsedAt?.getTime() ?? null,
  refusedAt: row.refusedAt?.getTime() ?? null,
})

const passkeyColumns = columnsOf<Row>({
  id: 'plain',
  accountId: 'plain',
  credentialId: 'plain',
  publicKey: 'plain',
  counter: 'plain',
  transports: 'plain',
  aaguid: 'plain',
  synced: 'boolean',
  userVerified: 'boolean',
  name: 'plain',
  createdAt: 'time',
  lastUsedAt: 'time',
  refusedAt: 'time',
})

export function createPasskeyStore({ db, clock }: { db: Database; clock: Clock }): PasskeyStore {
  const { prisma, reads } = db
  const now = (): Date => new Date(clock())

  const knownUserHandle: PasskeyStore['knownUserHandle'] = async (accountId) => {
    const select = { webauthnUserId: true }
    const found = await prisma.account.findUnique({ where: { id: accountId }, select })
    return found?.webauthnUserId ?? undefined
  }

  return {
    knownUserHandle,

    async userHandle(accountId) {
      const known = await knownUserHandle(accountId)
      if (known !== undefined) return known
      // In SQL: the ORM would move `updated_at`, which is a claim about the person.
      await prisma.$executeRaw`UPDATE accounts SET webauthn_user_id = ${randomBytes(32).toString('base64url')}
        WHERE id = ${accountId} AND webauthn_user_id IS NULL`
      return knownUserHandle(accountId)
    },

    async insert({ accountId, generation, most }, { transports, ...record }, firstCodes) {
      const at = now()
      let reason: 'full' | 'no_account' = 'no_account'
      try {
        const change = await changeFactors(db, { accountId, generation, at, firstCodes }, async (tx) => {
          const mayAdd = await tx.account.count({ where: { id: accountId, disabledAt: null } })
          if (mayAdd === 0) return undefined
          reason = 'full'
          if ((await tx.passkey.count({ where: { accountId } })) >= most) return undefined
          const data = { id: randomUUID(), accountId, ...record, transports: transports.join(' ') }
          return toPasskey(await tx.passkey.create({ data: { ...data, createdAt: at } }))
        })
        return change ?? reason
      } catch (error) {
        if (isUniqueViolation(error)) return 'taken'
        throw error
      }
    },

    async list(accountId) {
      const rows = await passkeyColumns.all(reads, 'FROM passkeys WHERE account_id = ? ORDER BY created_at', [
        accountId,
      ])
      return rows.map(toPasskey)
    },

    async byCredentialId(credentialId) {
      const row = await prisma.passkey.findUnique({
        where: { credentialId },
        include: { account: { select: { webauthnUserId: true } } },
      })
      const userHandle = row?.account.webauthnUserId
      return row && userHandle ? { passkey: toPasskey(row), userHandle } : undefined
    },

    async use(id, { counter, userVerified }) {
      const { count } = await prisma.passkey.updateMany({
        where: {
          id,
          refusedAt: null,
          OR: [{ counter: { lt: counter } }, ...(counter === 0 ? [{ counter }] : [])],
        },
        data: { counter, lastUsedAt: now(), ...(userVerified && { userVerified }) },
      })
      return count === 1
    },

    async refuse(id) {
      const { count } = await prisma.passkey.updateMany({
        where: { id, refusedAt: null },
        data: { refusedAt: now() },
      })
      return count === 1
    },

    async rename(accountId, id, name) {
      const { count } = await prisma.passkey.updateMany({ where: { id, accountId }, data: { name } })
      return count === 1
    },

    async remove({ accountId, generation }, id) {
      const change = await changeFactors(db, { accountId, generation, at: now() }, async (tx) => {
        const row = await tx.passkey.findFirst({ where: { id, accountId } })
        if (row === null) return undefined
        await tx.passkey.delete({ where: { id } })
        return toPasskey(row)
      })
      return change?.result
    },
  }
}
