import { toSeconds } from '../../shared/clock.ts'
import type { Prisma } from '../../storage/generated/sqlite/client.ts'

/** What ends every sign-in, session and token of an account: written together with its cause, in one statement. */
export const nextGeneration = (at: Date) => ({
  generation: { increment: 1 },
  authValidAfter: wholeSecond(at),
})

/**
 * Another address that a person's account waits for was asked for by a sign-in that has ended: the link that was sent there
 * proves nothing any more. One that waits for its first address goes on waiting.
 */
export const dropAddressChange = (
  tx: Pick<Prisma.TransactionClient, '$executeRaw'>,
  id: string,
): Prisma.PrismaPromise<number> =>
  tx.$executeRaw`UPDATE accounts SET pending_email = NULL WHERE id = ${id} AND email IS NOT NULL
    AND pending_email IS NOT NULL`

/**
 * Ends every sign-in, and the wait for another address. Returns the generation that begins; undefined: no such account.
 * `updated_at` stays: it is a claim about the person.
 */
export async function endSignIns(
  client: Pick<Prisma.TransactionClient, '$queryRaw'>,
  id: string,
  at: Date,
): Promise<number | undefined> {
  const rows = await client.$queryRaw<{ generation: number }[]>`UPDATE accounts
    SET generation = generation + 1, auth_valid_after = ${wholeSecond(at)},
    pending_email = CASE WHEN email IS NULL THEN pending_email END
    WHERE id = ${id} RETURNING generation`
  return rows[0]?.generation
}

/** As version 0.1 compares it with protocol times. */
export const wholeSecond = (time: Date): Date => new Date(toSeconds(time) * 1000)
