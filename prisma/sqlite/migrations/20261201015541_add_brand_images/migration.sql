-- CreateTable
CREATE TABLE "brand_images" (
    "file" TEXT NOT NULL PRIMARY KEY,
    "bytes" BLOB NOT NULL,
    "used_at" DATETIME NOT NULL
);

-- CreateIndex
CREATE INDEX "brand_images_used_at_idx" ON "brand_images"("used_at");
