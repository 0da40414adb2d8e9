import type { Prisma } from '../../storage/generated/sqlite/client.ts'

/**
 * Keeps a number that a code has come back from: it is the verified one of the account, and signs in to it unless another account had
 * it before. `updated_at` moves with the claims alone. In a transaction that holds the account.
 * @returns whether it signs in to this account
 * @throws what `isUniqueViolation` knows, where another account gets the number at this moment: do it once more
 */
export async function keepVerifiedPhone(
  tx: Prisma.TransactionClient,
  accountId: string,
  number: string,
  at: Date,
): Promise<boolean> {
  await tx.account.updateMany({
    where: {
      id: accountId,
      OR: [{ phoneNumber: null }, { phoneNumber: { not: number } }, { phoneVerified: false }],
    },
    data: { phoneNumber: number, phoneVerified: true, updatedAt: at },
  })
  const others = await tx.account.count({ where: { phoneLogin: number, id: { not: accountId } } })
  const login = others === 0 ? number : null
  await tx.$executeRaw`UPDATE accounts SET phone_login = ${login} WHERE id = ${accountId}`
  return login !== null
}
