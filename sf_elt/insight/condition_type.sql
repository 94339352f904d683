DESCRIBE SELECT {condition} AS is_member FROM subjects
