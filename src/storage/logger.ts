/** What the storage layer needs of a log. */
export interface StorageLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}
