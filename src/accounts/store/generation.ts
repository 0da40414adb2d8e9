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

/** As version 0.1 compares it with protocol times. */
export const wholeSecond = (time: Date): Date => new Date(toSeconds(time) * 1000)
