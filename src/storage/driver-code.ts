/** What the driver said, where Prisma passes it on under a code of its own (P2010, a raw statement that failed). */
export const driverCode = (error: Error): string => {
  const { meta } = error as { meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } } }
  const code = meta?.driverAdapterError?.cause?.originalCode
  return typeof code === 'string' ? code : ''
}
