-- DropIndex
DROP INDEX "organization_invitations_email_sent_at_idx";

-- CreateTable
CREATE TABLE "organization_mail_counts" (
    "key" TEXT NOT NULL PRIMARY KEY,
    "sent" INTEGER NOT NULL,
    "window_ends_at" DATETIME NOT NULL
);

-- CreateIndex
CREATE INDEX "organization_mail_counts_window_ends_at_idx" ON "organization_mail_counts"("window_ends_at");
